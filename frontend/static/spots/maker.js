// Makes spots: names them, and holds a row until its corners and its number of places are right.

import { clamp, divide, moveInside, rowQuad } from "./geometry.js";
import { free, likely, next, parse } from "./names.js";

export class Maker extends EventTarget {
  quad = null;

  constructor(canvas, marks, form) {
    super();
    Object.assign(this, { canvas, marks, form });
    form.addEventListener("input", () => this.#draw());
    form.addEventListener("submit", (event) => { event.preventDefault(); this.finish(); });
    form.elements.prefix.addEventListener("input", () => this.#number());
    form.querySelector("[data-cancel]").addEventListener("click", () => this.giveUp());
    marks.addEventListener("spots", () => this.#number());
  }

  get drafting() { return this.quad !== null; }
  get count() { return Math.min(Math.max(Math.round(Number(this.form.elements.count.value)) || 1, 1), 200); }
  set count(value) { this.form.elements.count.value = Math.min(Math.max(value, 1), 200); this.#draw(); }

  // The prefix of the last spot, while nobody has typed another one.
  begins() {
    const { prefix } = this.form.elements;
    if (!prefix.dataset.typed) prefix.value = likely(this.marks.spots);
    this.#number();
  }

  begin(from, to) {
    this.quad = rowQuad(from, to, this.count, this.marks.size);
    this.#draw();
  }

  pull(corner, to) {
    this.quad = this.quad.map((point, at) => (at === corner ? clamp(to, this.marks.size) : point));
    this.#draw();
  }

  giveUp() {
    this.quad = null;
    this.#draw();
  }

  finish() {
    if (!this.quad) return;
    const polygons = divide(this.quad, this.count).map((polygon) => polygon.map((point) => clamp(point, this.marks.size)));
    this.quad = null;
    this.add(polygons);
    this.#draw();
    this.dispatchEvent(new Event("made"));
  }

  add(polygons, like = null) {
    const { prefix, from } = this.form.elements;
    const names = free(this.marks.spots, prefix.value, Number(from.value) || 1, polygons.length);
    const usual = like ?? { kind: "standard", zone: this.marks.spots.at(-1)?.zone ?? "" };
    return this.marks.add(polygons.map((polygon, at) => ({ id: names[at], kind: usual.kind, zone: usual.zone, polygon })));
  }

  // A copy lies beside what it was made of, and counts on.
  copy() {
    const chosen = this.marks.chosen;
    if (!chosen.length) return;
    const step = 24 * this.canvas.unit;
    let polygons = moveInside(chosen.map((spot) => spot.polygon), step, step, this.marks.size);
    if (String(polygons) === String(chosen.map((spot) => spot.polygon))) {
      polygons = moveInside(polygons, -step, -step, this.marks.size);
    }
    const rows = [];
    chosen.forEach((spot, at) => {
      const { prefix } = parse(spot.name);
      const names = [...this.marks.spots, ...rows.map((row) => ({ name: row.id }))];
      const [name] = free(names, prefix, next(names, prefix), 1);
      rows.push({ id: name, kind: spot.kind, zone: spot.zone, polygon: polygons[at] });
    });
    this.marks.add(rows);
  }

  #number() {
    const { prefix, from } = this.form.elements;
    from.value = next(this.marks.spots, prefix.value);
  }

  #draw() {
    const making = this.form.querySelectorAll("[data-row]");
    making.forEach((element) => { element.disabled = !this.quad; });
    if (this.quad) this.canvas.sketch(divide(this.quad, this.count), this.quad);
    else this.canvas.sketch([]);
  }
}
