// Lanes, entrances and monitors as they are drawn over the plan; sizes that must be seen are in pixels of the screen.

import { between, distance } from "../spots/geometry.js";
import { same } from "./lanes.js";

const SVG = "http://www.w3.org/2000/svg";
const make = (name, attributes, parent) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
};

export class LaneLayer {
  constructor(canvas, lanes, tools) {
    Object.assign(this, { canvas, lanes, tools });
    canvas.svg.querySelectorAll(".ways").forEach((group) => group.remove());
    this.group = make("g", { class: "ways" }, canvas.svg);
    for (const what of ["spots", "preview", "selection"]) lanes.addEventListener(what, () => this.draw());
    canvas.svg.addEventListener("zoomed", () => this.draw());
    tools.addEventListener("cursor", () => this.draw());
    tools.addEventListener("tool", () => this.draw());
  }

  draw() {
    const { drawn, selected } = this.lanes;
    const unit = this.canvas.unit;
    this.group.replaceChildren();
    for (const { key, points, one_way } of drawn.lanes) {
      const chosen = selected?.kind === "lane" && selected.key === key;
      make("polyline", { class: "lane", points: points.map((point) => point.join(",")).join(" "), "data-selected": chosen }, this.group);
      points.slice(1).forEach((b, at) => { if (one_way) this.#arrow(points[at], b, unit); });
    }
    for (const [x, y] of this.lanes.nodes) {
      const chosen = selected?.kind === "node" && same(selected.point, [x, y]);
      make("circle", { class: "node", cx: x, cy: y, r: (chosen ? 7 : 4.5) * unit, "data-selected": chosen }, this.group);
    }
    for (const [x, y] of drawn.entrances) make("rect", { class: "entrance", x: x - 7 * unit, y: y - 7 * unit, width: 14 * unit, height: 14 * unit }, this.group);
    for (const { key, at, heading, name } of drawn.monitors) {
      const place = { class: "monitor", transform: `translate(${at[0]} ${at[1]}) scale(${unit})`, "data-selected": selected?.kind === "monitor" && selected.key === key };
      const group = make("g", place, this.group);
      make("circle", { r: 11 }, group);
      make("path", { d: "M0 -8 5 4 0 1 -5 4z", transform: `rotate(${heading})` }, group);
      make("text", { y: 26 }, group).textContent = name;
    }
    if (this.tools.cursor) {
      const [x, y] = this.tools.cursor;
      make("path", { class: "cursor", d: `M${x - 12 * unit} ${y}H${x + 12 * unit}M${x} ${y - 12 * unit}V${y + 12 * unit}` }, this.group);
    }
  }

  #arrow(a, b, unit) {
    if (distance(a, b) < 14 * unit) return;
    const [x, y] = between(a, b);
    const turn = (Math.atan2(b[0] - a[0], a[1] - b[1]) * 180) / Math.PI;
    make("path", { class: "one-way", d: "M-5 5 0 -5 5 5", transform: `translate(${x} ${y}) scale(${unit}) rotate(${turn})` }, this.group);
  }
}
