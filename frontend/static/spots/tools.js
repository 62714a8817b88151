// What a mouse, a finger or a pen on the picture means: it depends on the tool, and on what lies under it.

import { bounds, clamp, distance, moveInside, rectangle } from "./geometry.js";

const STILL = 4;      // pixels of the screen that are no movement yet
const COARSE = 22;    // how near a finger must come to a corner
const FINE = 11;

export class Tools extends EventTarget {
  tool = "select";
  adding = false;     // touch has no shift key
  spaced = false;     // the space bar lends the hand
  #pointers = new Map();
  #drag = null;
  #corners = [];      // of a polygon that is not closed yet
  #since = 0;         // presses since one was closed

  constructor(canvas, marks, maker) {
    super();
    Object.assign(this, { canvas, marks, maker });
    const { svg } = canvas;
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", (event) => this.#cancel(event));
    svg.addEventListener("dblclick", () => this.#double());
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    svg.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  get drafting() { return this.#corners.length > 0 || this.maker.drafting; }

  take(tool) {
    this.giveUp();
    this.tool = tool;
    this.canvas.svg.dataset.tool = tool;
    this.dispatchEvent(new Event("tool"));
  }

  giveUp() {
    this.#corners = [];
    this.#drag = null;
    this.marks.giveUp();
    this.maker.giveUp();
    this.canvas.sketch([]);
  }

  // Enter: close the polygon, make the row, or put a first shape in the middle for those who have no pointer.
  finish() {
    if (this.#corners.length >= 3) {
      const corners = this.#corners;
      this.#corners = [];
      this.canvas.sketch([]);
      this.maker.add([corners]);
    } else if (this.maker.drafting) {
      this.maker.finish();
    } else if (["rect", "row", "polygon"].includes(this.tool)) {
      const { x, y, width, height } = this.canvas.view;
      const [a, b] = [[x + width * 0.4, y + height * 0.4], [x + width * 0.6, y + height * 0.6]];
      if (this.tool === "row") this.maker.begin([x + width * 0.2, b[1]], [x + width * 0.8, b[1]]);
      else this.maker.add([rectangle(a, b)]);
    }
  }

  back() {
    this.#corners.pop();
    this.#sketch();
  }

  #double() {
    if (this.#corners.length >= 3 || this.maker.drafting) this.finish();
    else if (this.#corners.length && this.#since === 1) this.back();  // its first press closed a polygon
  }

  #down(event) {
    const { svg } = this.canvas;
    svg.focus({ preventScroll: true });
    svg.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#pointers.size === 2) { this.#drag?.giveUp?.(); this.#drag = { move: () => {}, up: () => {} }; return; }
    if (this.#pointers.size > 2) return;
    const point = this.canvas.at(event);
    const hand = this.tool === "hand" || this.spaced || event.button === 1;
    this.#drag = hand ? this.#pan(event) : this[`_${this.tool}`](event, point);
    if (this.#drag) this.#drag.from = [event.clientX, event.clientY];
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      if (this.tool === "polygon" && this.#corners.length) this.#sketch(this.canvas.at(event));
      return;
    }
    if (this.#pointers.size === 2) { this.#pinch(event); return; }
    const now = [event.clientX, event.clientY];
    this.#pointers.set(event.pointerId, now);
    if (!this.#drag) return;
    this.#drag.moved ||= distance(now, this.#drag.from) > STILL;
    if (this.#drag.moved) this.#drag.move?.(this.canvas.at(event), [now[0] - before[0], now[1] - before[1]]);
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    const drag = this.#drag;
    if (this.#pointers.size) return;
    this.#drag = null;
    drag?.up?.(this.canvas.at(event), drag.moved);
  }

  #cancel(event) {
    this.#pointers.delete(event.pointerId);
    this.#drag?.giveUp?.();
    this.#drag = null;
    this.marks.giveUp();
  }

  #pinch(event) {
    const spread = () => { const [a, b] = [...this.#pointers.values()]; return [distance(a, b), [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]]; };
    const [before, middle] = spread();
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const [after, now] = spread();
    const unit = this.canvas.unit;
    this.canvas.panBy((now[0] - middle[0]) * unit, (now[1] - middle[1]) * unit);
    this.canvas.zoomBy(after / Math.max(before, 1), this.canvas.at({ clientX: now[0], clientY: now[1] }));
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;   // the page scrolls; a pinch on a touch pad comes with ctrl
    event.preventDefault();
    this.canvas.zoomBy(Math.exp(-event.deltaY / 250), this.canvas.at(event));
  }

  #pan() {
    return { move: (_, [dx, dy]) => { const { unit } = this.canvas; this.canvas.panBy(dx * unit, dy * unit); } };
  }

  #near(event, corners) {
    const reach = (event.pointerType === "mouse" ? FINE : COARSE) * this.canvas.unit;
    const point = this.canvas.at(event);
    const away = corners.map((corner) => distance(corner, point));
    const at = away.indexOf(Math.min(...away));
    return away[at] <= reach ? at : -1;
  }

  _hand(event) { return this.#pan(event); }

  _select(event, point) {
    const alone = this.marks.selected.size === 1 ? this.marks.chosen[0] : null;
    const corner = alone ? this.#near(event, alone.polygon) : -1;
    if (corner >= 0) return this.#dragCorner(alone, corner);
    const dot = event.target.dataset.between;
    if (alone && dot !== undefined) return this.#split(alone, Number(dot), point);
    const key = event.target.closest(".poly")?.dataset.key;
    if (event.target.dataset.suggested !== undefined) {
      return { up: () => this.dispatchEvent(new CustomEvent("suggested", { detail: Number(event.target.dataset.suggested) })) };
    }
    if (key) return this.#dragSpots(event, key, point);
    if (event.pointerType === "touch") {
      const pan = this.#pan();
      return { ...pan, up: (_, moved) => { if (!moved && !this.adding) this.marks.select([]); } };
    }
    return this.#lasso(event, point);
  }

  #dragCorner(spot, at) {
    this.canvas.corner = at;
    const put = (to) => ({ ...spot, polygon: spot.polygon.map((corner, i) => (i === at ? clamp(to, this.marks.size) : corner)) });
    const all = this.marks.spots;
    return {
      move: (to) => this.marks.preview(all.map((each) => (each.key === spot.key ? put(to) : each))),
      up: (to, moved) => { if (moved) this.marks.replace([put(to)]); else this.canvas.draw(); },
      giveUp: () => this.marks.giveUp(),
    };
  }

  #split(spot, at, point) {
    const polygon = [...spot.polygon.slice(0, at + 1), point, ...spot.polygon.slice(at + 1)];
    this.marks.replace([{ ...spot, polygon }]);
    return this.#dragCorner(this.marks.find(spot.key), at + 1);
  }

  #dragSpots(event, key, from) {
    const many = event.shiftKey || event.ctrlKey || event.metaKey || this.adding;
    const was = new Set(this.marks.selected);
    if (!was.has(key)) this.marks.select(many ? [...was, key] : [key]);
    this.canvas.corner = -1;
    const chosen = this.marks.chosen;
    const all = this.marks.spots;
    const moved = (to) => {
      const polygons = moveInside(chosen.map((spot) => spot.polygon), to[0] - from[0], to[1] - from[1], this.marks.size);
      return chosen.map((spot, at) => ({ ...spot, polygon: polygons[at] }));
    };
    return {
      move: (to) => {
        const by = new Map(moved(to).map((spot) => [spot.key, spot]));
        this.marks.preview(all.map((spot) => by.get(spot.key) ?? spot));
      },
      up: (to, far) => {
        if (far) this.marks.replace(moved(to));
        else if (many && was.has(key)) this.marks.select([...was].filter((each) => each !== key));
        else if (!many) this.marks.select([key]);
      },
      giveUp: () => this.marks.giveUp(),
    };
  }

  #lasso(event, from) {
    const kept = event.shiftKey || this.adding ? [...this.marks.selected] : [];
    return {
      move: (to) => this.canvas.sketch([rectangle(from, to)]),
      up: (to, moved) => {
        this.canvas.sketch([]);
        const box = bounds([from, to]);
        const within = ({ polygon }) => polygon.every(([x, y]) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
        this.marks.select(moved ? [...kept, ...this.marks.spots.filter(within).map((spot) => spot.key)] : kept);
      },
      giveUp: () => this.canvas.sketch([]),
    };
  }

  _rect(_, from) {
    const box = (to) => rectangle(clamp(from, this.marks.size), clamp(to, this.marks.size));
    return {
      move: (to) => this.canvas.sketch([box(to)]),
      up: (to, moved) => { this.canvas.sketch([]); if (moved) this.maker.add([box(to)]); },
      giveUp: () => this.canvas.sketch([]),
    };
  }

  _polygon(event, point) {
    const closes = this.#corners.length >= 3 && this.#near(event, [this.#corners[0]]) === 0;
    const again = this.#corners.length > 0 && distance(point, this.#corners.at(-1)) <= STILL * this.canvas.unit;
    return {
      up: () => {
        this.#since += 1;
        if (closes) { this.finish(); this.#since = 0; }
        else if (!again) { this.#corners.push(clamp(point, this.marks.size)); this.#sketch(); }
      },
    };
  }

  _row(event, from) {
    const corner = this.maker.drafting ? this.#near(event, this.maker.quad) : -1;
    if (corner >= 0) return { move: (to) => this.maker.pull(corner, to) };
    if (this.maker.drafting) return this.#pan(event);
    return { move: (to) => this.maker.begin(clamp(from, this.marks.size), clamp(to, this.marks.size)) };
  }

  #sketch(next) {
    const line = next ? [...this.#corners, next] : this.#corners;
    this.canvas.sketch(line.length ? [line] : [], this.#corners, true);
  }
}
