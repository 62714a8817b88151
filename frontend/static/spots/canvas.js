// The picture with the spots on it, and how much of it is shown. It draws; what a finger or mouse means is in tools.js.

import { between, bounds, centre } from "./geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const ZOOM_MAX = 16;
const HANDLE = 7;   // in pixels of the screen

const make = (name, attributes = {}, parent = null) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
};

const points = (polygon) => polygon.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

export class Canvas {
  #groups = new Map();   // by key: the group, and the spot it shows
  #handles;
  #overlay;

  constructor(svg, marks) {
    this.svg = svg;
    this.marks = marks;
    this.image = svg.querySelector("image");
    this.states = new Map();   // by id of the row or by key: [state, percent]
    svg.querySelectorAll(".poly").forEach((group) => group.remove());
    this.#overlay = make("g", { class: "overlay" }, svg);
    this.#handles = make("g", { class: "handles" }, svg);
    this.fit();
    marks.addEventListener("spots", () => this.draw());
    marks.addEventListener("preview", () => this.draw());
    marks.addEventListener("selection", () => this.draw());
    marks.addEventListener("faults", () => this.draw());
    new ResizeObserver(() => this.#scale()).observe(svg);
  }

  // How many pixels of the picture one of the screen is.
  get unit() { return this.view.width / Math.max(this.svg.clientWidth, 1); }
  get zoom() { return this.marks.size[0] / this.view.width; }

  at(event) {
    const found = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [found.x, found.y];
  }

  fit() { this.show({ x: 0, y: 0, width: this.marks.size[0], height: this.marks.size[1] }); }

  show(view) {
    const [wide, high] = this.marks.size;
    const width = Math.min(Math.max(view.width, wide / ZOOM_MAX), wide);
    const height = (width * high) / wide;
    this.view = { x: Math.min(Math.max(view.x, 0), wide - width), y: Math.min(Math.max(view.y, 0), high - height), width, height };
    this.svg.setAttribute("viewBox", `${this.view.x} ${this.view.y} ${width} ${height}`);
    if (this.image) { this.image.setAttribute("width", wide); this.image.setAttribute("height", high); }
    this.#scale();
  }

  zoomBy(factor, point = [this.view.x + this.view.width / 2, this.view.y + this.view.height / 2]) {
    const width = Math.min(Math.max(this.view.width / factor, this.marks.size[0] / ZOOM_MAX), this.marks.size[0]);
    const share = width / this.view.width;
    this.show({ x: point[0] - (point[0] - this.view.x) * share, y: point[1] - (point[1] - this.view.y) * share, width });
  }

  panBy(dx, dy) { this.show({ ...this.view, x: this.view.x - dx, y: this.view.y - dy }); }

  reveal(spot) {
    const [x, y] = centre(spot.polygon);
    const { x: left, y: top, width, height } = this.view;
    if (x < left || y < top || x > left + width || y > top + height) this.show({ x: x - width / 2, y: y - height / 2, width });
  }

  // Once a frame, however often a wheel turns in it.
  #scale() {
    this.pending ||= requestAnimationFrame(() => { this.pending = 0; this.#rescale(); });
  }

  #rescale() {
    this.svg.style.setProperty("--px", this.unit.toFixed(4));
    for (const { group, spot } of this.#groups.values()) this.#label(group, spot);
    this.#drawHandles();
    this.svg.dispatchEvent(new Event("zoomed"));
  }

  draw() {
    const there = new Set();
    for (const spot of this.marks.spots) {
      there.add(spot.key);
      let shown = this.#groups.get(spot.key);
      if (!shown) {
        const group = make("g", { class: "poly", "data-key": spot.key });
        make("polygon", {}, group);
        make("text", {}, group);
        this.#overlay.before(group);
        this.#groups.set(spot.key, shown = { group, spot: null });
      }
      if (shown.spot !== spot) {
        shown.spot = spot;
        const [x, y] = centre(spot.polygon);
        shown.group.firstChild.setAttribute("points", points(spot.polygon));
        shown.group.lastChild.setAttribute("x", x.toFixed(1));
        shown.group.lastChild.setAttribute("y", y.toFixed(1));
        shown.group.dataset.name = spot.name;
        shown.group.dataset.kind = spot.kind;
        this.#label(shown.group, spot);
      }
      this.#mark(shown.group, spot);
    }
    for (const [key, { group }] of this.#groups) {
      if (!there.has(key)) { group.remove(); this.#groups.delete(key); }
    }
    this.#drawHandles();
  }

  stateOf(spot) { return this.states.get(spot.key) ?? this.states.get(spot.spot) ?? ["unknown", 0]; }

  #mark(group, spot) {
    const set = (name, value) => { if (group.getAttribute(name) !== value) group.setAttribute(name, value); };
    set("data-state", this.stateOf(spot)[0]);
    set("data-selected", String(this.marks.selected.has(spot.key)));
    group.toggleAttribute("data-fault", this.marks.faults.has(spot.key));
  }

  #label(group, spot) {
    const { left, right } = bounds(spot.polygon);
    const fits = (right - left) / this.unit >= spot.name.length * 9.5 + 2;
    const words = fits ? spot.name : "";
    if (group.lastChild.textContent !== words) group.lastChild.textContent = words;
  }

  // Corners of what is selected alone, and dots between them that become corners.
  #drawHandles() {
    this.#handles.replaceChildren();
    const spot = this.marks.chosen[0];
    if (this.marks.selected.size !== 1 || !spot) return;
    const size = HANDLE * this.unit;
    spot.polygon.forEach((point, at) => {
      const [x, y] = between(point, spot.polygon[(at + 1) % spot.polygon.length]);
      make("circle", { class: "between", cx: x, cy: y, r: size * 0.6, "data-between": at }, this.#handles);
    });
    spot.polygon.forEach(([x, y], at) => {
      const chosen = at === this.corner ? " chosen" : "";
      make("circle", { class: `corner${chosen}`, cx: x, cy: y, r: size, "data-corner": at }, this.#handles);
    });
  }

  // What is being drawn: outlines, and corners that can be dragged.
  sketch(polygons, corners = [], open = false) {
    this.#overlay.replaceChildren();
    for (const polygon of polygons) make(open ? "polyline" : "polygon", { points: points(polygon) }, this.#overlay);
    corners.forEach(([x, y], at) => make("circle", { class: "corner", cx: x, cy: y, r: HANDLE * this.unit, "data-sketch": at }, this.#overlay));
  }

  // Suggestions: outlines that are not spots yet, each by its number.
  suggest(polygons) {
    this.svg.querySelector(".suggested")?.remove();
    if (!polygons.length) return;
    const group = make("g", { class: "suggested" });
    polygons.forEach((polygon, at) => polygon && make("polygon", { points: points(polygon), "data-suggested": at }, group));
    this.#overlay.before(group);
  }
}
