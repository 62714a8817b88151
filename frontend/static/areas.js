// Areas drawn on a camera's picture, or with data-one a single one; the text field beside it holds them and is what is sent.
"use strict";

for (const figure of document.querySelectorAll("[data-areas]")) {
  const svg = figure.querySelector("svg");
  const text = document.querySelector(figure.dataset.areas);
  const [, , wide, high] = svg.getAttribute("viewBox").split(" ").map(Number);
  const look = figure.dataset.look || "left-out";
  const LEAST = 0.01;   // shares of the picture; less was no drag
  let begun = null;

  const at = (event) => {
    const found = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [Math.min(Math.max(found.x / wide, 0), 1), Math.min(Math.max(found.y / high, 0), 1)];
  };
  const areas = () => text.value.split("\n").map((line) => line.split(",").map(Number)).filter((area) => area.length === 4 && area.every(Number.isFinite));
  const box = ([x, y], [u, v]) => [Math.min(x, u), Math.min(y, v), Math.abs(u - x), Math.abs(v - y)];

  const draw = (more = null) => {
    svg.querySelectorAll("rect").forEach((rect) => rect.remove());
    for (const [index, [left, top, width, height]] of [...areas(), ...(more ? [more] : [])].entries()) {
      const rect = document.createElementNS(svg.namespaceURI, "rect");
      const attributes = { class: look, x: left * wide, y: top * high, width: width * wide, height: height * high, "data-at": index };
      for (const [name, value] of Object.entries(attributes)) rect.setAttribute(name, value);
      svg.append(rect);
    }
  };
  const keep = (found) => {
    text.value = found.map((area) => area.map((share) => Number(share.toFixed(3))).join(",")).join("\n");
    draw();
  };

  svg.addEventListener("pointerdown", (event) => {
    begun = at(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => { if (begun) draw(box(begun, at(event))); });
  svg.addEventListener("pointerup", (event) => {
    if (!begun) return;
    const area = box(begun, at(event));
    const [x, y] = begun;
    begun = null;
    if (area[2] >= LEAST && area[3] >= LEAST) { keep("one" in figure.dataset ? [area] : [...areas(), area]); return; }
    const kept = areas();
    const hit = kept.findLastIndex(([left, top, width, height]) => x >= left && x <= left + width && y >= top && y <= top + height);
    if (hit >= 0) keep(kept.filter((_, index) => index !== hit));
    else draw();
  });
  svg.addEventListener("pointercancel", () => { begun = null; draw(); });
  text.addEventListener("input", () => draw());
  draw();
}
