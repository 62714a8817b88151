// Lanes by keyboard. Keys with a letter work anywhere on the page but in a field; the rest on the plan only.

import { clamp } from "../spots/geometry.js";
import { rounded } from "./lanes.js";

const TOOLS = { v: "select", h: "hand", l: "lane", e: "entrance", m: "monitor" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const listen = ({ canvas, lanes, tools, save }) => {
  const all = () => [
    ...lanes.drawn.lanes.flatMap((lane) => [{ kind: "lane", key: lane.key }, ...lane.points.map((point) => ({ kind: "node", point }))]),
    ...lanes.drawn.monitors.map((monitor) => ({ kind: "monitor", key: monitor.key })),
  ];
  let at = -1;

  // From one to the next; before the first and after the last one Tab leaves the plan, as everywhere.
  const step = (event) => {
    const things = all();
    at = lanes.selected ? at + (event.shiftKey ? -1 : 1) : event.shiftKey ? -1 : 0;
    if (!things[at]) { at = -1; lanes.select(null); return; }
    event.preventDefault();
    lanes.select(things[at]);
  };

  const nudge = (arrow, event) => {
    const what = lanes.selected;
    if (tools.tool === "hand" || (tools.tool === "select" && (!what || what.kind === "lane"))) { canvas.panBy(-arrow[0] * 40 * canvas.unit, -arrow[1] * 40 * canvas.unit); return; }
    const far = event.shiftKey ? 1 : 10;
    if (tools.tool !== "select") { tools.moveCursor(arrow, far); return; }
    const from = what.kind === "node" ? what.point : lanes.monitor.at;
    const to = rounded(clamp([from[0] + arrow[0] * far, from[1] + arrow[1] * far], lanes.size));
    lanes.change(lanes.moved(what, to), what.kind === "node" ? { kind: "node", point: to } : what);
  };

  const onPlan = (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) { event.preventDefault(); nudge(arrow, event); return; }
    switch (event.key) {
      case "Tab": if (tools.tool === "select") step(event); break;
      case "Enter": event.preventDefault(); if (tools.cursor) tools.press(); else tools.finish(); break;
      case "Delete": case "Backspace":
        event.preventDefault();
        if (tools.drafting) tools.back(); else lanes.remove();
        break;
      case "+": case "=": canvas.zoomBy(1.25); break;
      case "-": canvas.zoomBy(0.8); break;
      case "0": canvas.fit(); break;
    }
  };

  canvas.svg.addEventListener("keydown", (event) => { if (!event.ctrlKey && !event.metaKey && !event.altKey) onPlan(event); });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const does = { z: () => (event.shiftKey ? lanes.redo() : lanes.undo()), y: () => lanes.redo(), s: save }[key];
      if (does) { event.preventDefault(); does(); }
    } else if (!event.altKey) {
      if (key === "escape") { if (tools.drafting) tools.giveUp(); else { tools.take("select"); lanes.select(null); } }
      else if (TOOLS[key]) tools.take(TOOLS[key]);
    }
  });
};
