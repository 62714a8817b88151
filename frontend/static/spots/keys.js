// The editor by keyboard. Keys with a letter work anywhere on the page but in a field; the rest on the picture only.

import { clamp, moveInside } from "./geometry.js";

const TOOLS = { v: "select", h: "hand", w: "row", r: "rect", p: "polygon" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// fixed: spots are moved only, neither made nor deleted.
export const listen = ({ canvas, marks, tools, maker, save, fixed = false }) => {
  const { svg } = canvas;

  const nudge = ([dx, dy], far) => {
    const step = far ? 10 : 1;
    const chosen = marks.chosen;
    if (!chosen.length) { canvas.panBy(-dx * 40 * canvas.unit, -dy * 40 * canvas.unit); return; }
    const alone = chosen.length === 1 && canvas.corner >= 0 ? chosen[0] : null;
    if (alone) {
      const polygon = alone.polygon.map((point, at) => (
        at === canvas.corner ? clamp([point[0] + dx * step, point[1] + dy * step], marks.size) : point));
      marks.replace([{ ...alone, polygon }]);
      return;
    }
    const polygons = moveInside(chosen.map((spot) => spot.polygon), dx * step, dy * step, marks.size);
    marks.replace(chosen.map((spot, at) => ({ ...spot, polygon: polygons[at] })));
  };

  // From spot to spot; before the first and after the last one Tab leaves the picture, as everywhere.
  const step = (event) => {
    const at = marks.spots.findIndex((spot) => marks.selected.has(spot.key));
    const to = event.shiftKey ? at - 1 : at + 1;
    if (!marks.spots[to] || (event.shiftKey && at < 0)) { marks.select([]); return; }
    event.preventDefault();
    canvas.corner = -1;
    marks.select([marks.spots[to].key]);
    canvas.reveal(marks.spots[to]);
  };

  const onPicture = (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) { event.preventDefault(); nudge(arrow, event.shiftKey); return; }
    switch (event.key) {
      case "Tab": step(event); break;
      case "Enter": event.preventDefault(); tools.finish(); break;
      case " ": event.preventDefault(); tools.spaced = true; break;
      case "Delete": case "Backspace":
        event.preventDefault();
        if (tools.drafting) tools.back(); else if (!fixed) marks.remove();
        break;
      case "c": case "C":
        if (marks.selected.size !== 1) break;
        canvas.corner = ((canvas.corner ?? -1) + 1) % marks.chosen[0].polygon.length;
        canvas.draw();
        break;
      case "+": case "=": if (maker.drafting) maker.count += 1; else canvas.zoomBy(1.25); break;
      case "-": if (maker.drafting) maker.count -= 1; else canvas.zoomBy(0.8); break;
      case "0": canvas.fit(); break;
    }
  };

  svg.addEventListener("keydown", (event) => { if (!event.ctrlKey && !event.metaKey && !event.altKey) onPicture(event); });
  svg.addEventListener("keyup", (event) => { if (event.key === " ") tools.spaced = false; });
  svg.addEventListener("blur", () => { tools.spaced = false; });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const does = {
        z: () => (event.shiftKey ? marks.redo() : marks.undo()), y: () => marks.redo(), s: save,
        d: () => maker.copy(), a: () => marks.select(marks.spots.map((spot) => spot.key)),
      }[key];
      if (does) { event.preventDefault(); does(); }
      return;
    }
    if (event.altKey) return;
    if (key === "escape") { if (tools.drafting) tools.giveUp(); else { tools.take("select"); marks.select([]); } }
    else if (TOOLS[key] && !(fixed && "wrp".includes(key))) tools.take(TOOLS[key]);
  });
};
