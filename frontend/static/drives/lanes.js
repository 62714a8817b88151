// What is drawn of a lot's ways, what is selected, and the way back. Lanes meet where they have the same point. Nothing
// is ever changed, only replaced, so that the screen and the history can share it.

import { distance } from "../spots/geometry.js";

const STEPS_MAX = 200;
const ON_LINE = 0.05;   // plan units: points are rounded to hundredths
const EMPTY = { lanes: [], entrances: [], monitors: [] };
let keys = 0;

const round = (value) => Math.round(value * 100) / 100;
export const rounded = (point) => point.map(round);
export const same = (a, b) => a[0] === b[0] && a[1] === b[1];

// The point of a piece of a lane that is nearest to another.
export const foot = (a, b, point) => {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const share = Math.min(1, Math.max(0, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy || 1)));
  return [a[0] + dx * share, a[1] + dy * share];
};

const crossing = (a, b, c, d) => {
  const [r, s] = [[b[0] - a[0], b[1] - a[1]], [d[0] - c[0], d[1] - c[1]]];
  const scale = r[0] * s[1] - r[1] * s[0];
  if (!scale) return null;
  const t = ((c[0] - a[0]) * s[1] - (c[1] - a[1]) * s[0]) / scale;
  const u = ((c[0] - a[0]) * r[1] - (c[1] - a[1]) * r[0]) / scale;
  return t >= 0 && t <= 1 && u >= 0 && u <= 1 ? rounded([a[0] + r[0] * t, a[1] + r[1] * t]) : null;
};

const pieces = (points) => points.slice(1).map((point, at) => [points[at], point]);

// A lane with a further point where it goes through it.
const joined = (points, point) => {
  if (points.some((each) => same(each, point))) return points;
  const at = pieces(points).findIndex(([a, b]) => distance(foot(a, b, point), point) <= ON_LINE);
  return at < 0 ? points : [...points.slice(0, at + 1), point, ...points.slice(at + 1)];
};

// Without points that come twice in a row, lanes that are none, and entrances that lie on no lane.
const tidy = ({ lanes, entrances, monitors }) => {
  const whole = lanes
    .map((lane) => ({ ...lane, points: lane.points.filter((point, at) => !at || !same(point, lane.points[at - 1])) }))
    .filter((lane) => lane.points.length > 1);
  const there = entrances.filter((entrance) => whole.some((lane) => lane.points.some((point) => same(point, entrance))));
  return { lanes: whole, entrances: there.filter((one, at) => there.findIndex((other) => same(one, other)) === at), monitors };
};

export class Lanes extends EventTarget {
  drawn = EMPTY;
  selected = null;   // {kind: "lane" or "monitor", key} or {kind: "node", point}
  version = 0;
  size = [1280, 720];
  #past = [];
  #future = [];
  #saved = "";
  #now = "";

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }
  get dirty() { return this.#now !== this.#saved; }
  get nodes() { return this.drawn.lanes.flatMap((lane) => lane.points); }
  get lane() { return this.selected?.kind === "lane" ? this.drawn.lanes.find((lane) => lane.key === this.selected.key) : undefined; }
  get monitor() { return this.selected?.kind === "monitor" ? this.drawn.monitors.find((each) => each.key === this.selected.key) : undefined; }

  load(document, drawn = document) {
    this.version = document.version;
    this.size = document.size;
    const there = this.#read(document);
    this.#saved = JSON.stringify(this.#rows(there));
    this.#past = [];
    this.#future = [];
    this.#put(there, null);
    if (drawn !== document) this.#put(this.#read(drawn), null);
  }

  saved(document, sent) {
    this.version = document.version;
    this.#saved = JSON.stringify(this.#rows(sent));
    this.#tell("spots");
    this.#tell("saved");
  }

  differs(document) { return JSON.stringify(this.#rows(this.#read(document))) !== JSON.stringify(this.#rows(this.drawn)); }

  takeTheirs(document) {
    const mine = this.drawn;
    this.load(document);
    const theirs = this.drawn;
    this.change(mine, null);
    this.change(theirs, null);
  }

  toDocument() { return { version: this.version, size: this.size, ...this.#rows(this.drawn) }; }

  // One step that can be undone.
  change(next, selected = this.selected) {
    this.#past.push(this.before ?? this.drawn);
    if (this.#past.length > STEPS_MAX) this.#past.shift();
    this.#future = [];
    this.before = null;
    this.#put(tidy(next), selected);
  }

  // A step that is still being made: only its end becomes part of the way back.
  preview(next) {
    this.before ??= this.drawn;
    this.drawn = next;
    this.#tell("preview");
  }

  giveUp() {
    if (!this.before) return;
    this.drawn = this.before;
    this.before = null;
    this.#tell("spots");
  }

  select(what) { this.selected = what; this.#tell("selection"); }

  undo() { this.#step(this.#past, this.#future); }
  redo() { this.#step(this.#future, this.#past); }

  // A new lane meets those that it begins, ends, bends or crosses on.
  addLane(points) {
    let mine = points;
    let others = this.drawn.lanes;
    for (const [a, b] of others.flatMap((lane) => pieces(lane.points))) {
      for (const [c, d] of pieces(mine)) {
        const at = crossing(a, b, c, d);
        if (at) mine = joined(mine, at);
      }
    }
    others = others.map((lane) => ({ ...lane, points: mine.reduce(joined, lane.points) }));
    const lane = { key: `l${++keys}`, points: mine, one_way: false };
    this.change({ ...this.drawn, lanes: [...others, lane] }, { kind: "lane", key: lane.key });
  }

  toggleEntrance(point) {
    const { entrances, lanes } = this.drawn;
    const there = entrances.some((each) => same(each, point));
    const next = there ? entrances.filter((each) => !same(each, point)) : [...entrances, point];
    this.change({ ...this.drawn, lanes: lanes.map((lane) => ({ ...lane, points: joined(lane.points, point) })), entrances: next }, { kind: "node", point });
    return !there;
  }

  addMonitor(at, zone) {
    const names = new Set(this.drawn.monitors.map((monitor) => monitor.name));
    let number = 1;
    while (names.has(`Monitor ${number}`)) number += 1;
    const monitor = { key: `m${++keys}`, name: `Monitor ${number}`, at, heading: 0, zone };
    this.change({ ...this.drawn, monitors: [...this.drawn.monitors, monitor] }, { kind: "monitor", key: monitor.key });
  }

  // What is drawn with a node or a monitor elsewhere.
  moved(what, to) {
    const put = (point) => (same(point, what.point) ? to : point);
    if (what.kind === "monitor") {
      return { ...this.drawn, monitors: this.drawn.monitors.map((each) => (each.key === what.key ? { ...each, at: to } : each)) };
    }
    const lanes = this.drawn.lanes.map((lane) => ({ ...lane, points: lane.points.map(put) }));
    return { ...this.drawn, lanes, entrances: this.drawn.entrances.map(put) };
  }

  replaceLane(lane) { this.change({ ...this.drawn, lanes: this.drawn.lanes.map((each) => (each.key === lane.key ? lane : each)) }); }
  replaceMonitor(monitor) { this.change({ ...this.drawn, monitors: this.drawn.monitors.map((each) => (each.key === monitor.key ? monitor : each)) }); }

  remove() {
    const what = this.selected;
    if (!what) return;
    const { lanes, monitors } = this.drawn;
    if (what.kind === "monitor") this.change({ ...this.drawn, monitors: monitors.filter((each) => each.key !== what.key) }, null);
    else if (what.kind === "lane") this.change({ ...this.drawn, lanes: lanes.filter((each) => each.key !== what.key) }, null);
    else this.change({ ...this.drawn, lanes: lanes.map((lane) => ({ ...lane, points: lane.points.filter((point) => !same(point, what.point)) })) }, null);
  }

  #step(from, to) {
    this.giveUp();
    const step = from.pop();
    if (!step) return;
    to.push(this.drawn);
    this.#put(step, null);
  }

  #put(drawn, selected) {
    this.drawn = drawn;
    this.selected = selected;
    this.#now = JSON.stringify(this.#rows(drawn));
    this.#tell("spots");
  }

  #read({ lanes = [], entrances = [], monitors = [] }) {
    return {
      lanes: lanes.map((lane) => ({ key: `l${++keys}`, points: lane.points, one_way: lane.one_way })), entrances,
      monitors: monitors.map((monitor) => ({ ...monitor, key: `m${++keys}` })),
    };
  }

  #rows({ lanes, entrances, monitors }) {
    return {
      lanes: lanes.map(({ points, one_way }) => ({ points, one_way })), entrances,
      monitors: monitors.map(({ name, at, heading, zone }) => ({ name, at, heading, zone })),
    };
  }

  #tell(what) { this.dispatchEvent(new Event(what)); }
}
