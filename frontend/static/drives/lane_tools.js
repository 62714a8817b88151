// What a mouse, a finger, a pen or a key on the plan means while lanes are drawn. Moving and zooming are the spot editor's.

import { clamp, distance } from "../spots/geometry.js";
import { Tools } from "../spots/tools.js";
import { foot, rounded, same } from "./lanes.js";

const REACH = { mouse: 11, other: 22 };   // pixels of the screen
const nothing = { drafting: false, giveUp() {}, finish() {} };

export class LaneTools extends Tools {
  draft = [];       // points of a lane that is not finished
  cursor = null;    // where the keyboard points

  constructor(canvas, lanes, say) {
    super(canvas, lanes, nothing);
    this.lanes = lanes;
    this.say = say;
    this.zone = "";
    canvas.svg.addEventListener("pointermove", (event) => { if (this.draft.length && !event.buttons) this.#sketch(this.snap(event)); });
  }

  get drafting() { return (this.draft?.length ?? 0) > 0; }

  take(tool) {
    this.cursor = null;
    super.take(tool);
  }

  giveUp() {
    this.draft = [];
    super.giveUp();
    this.dispatchEvent(new Event("draft"));
  }

  finish() {
    const points = this.draft;
    this.draft = [];
    this.canvas.sketch([]);
    if (points.length > 1) this.lanes.addLane(points);
    this.dispatchEvent(new Event("draft"));
  }

  back() {
    this.draft.pop();
    this.#sketch();
    this.dispatchEvent(new Event("draft"));
  }

  #reach(event) { return (event.pointerType === "mouse" ? REACH.mouse : REACH.other) * this.canvas.unit; }

  // The node, else the point of a lane, else the very point that is meant. An entrance must lie on a lane.
  snap(event, except = null) {
    const point = clamp(event.point ?? this.canvas.at(event), this.lanes.size);
    const reach = this.#reach(event);
    const near = (points) => points.filter((each) => !except || !same(each, except))
      .map((each) => [distance(each, point), each]).filter(([far]) => far <= reach).sort((a, b) => a[0] - b[0])[0]?.[1];
    const feet = this.lanes.drawn.lanes.flatMap((lane) => lane.points.slice(1).map((b, at) => foot(lane.points[at], b, point)));
    return near([...this.lanes.nodes, ...this.draft]) ?? (except ? undefined : near(feet.map(rounded))) ?? rounded(point);
  }

  // What lies there: monitors over nodes over lanes.
  find(event) {
    const point = event.point ?? this.canvas.at(event);
    const reach = this.#reach(event);
    const { lanes, monitors } = this.lanes.drawn;
    const found = (rows, far) => rows.map((row) => [far(row), row]).filter(([away]) => away <= reach).sort((a, b) => a[0] - b[0])[0]?.[1];
    const monitor = found(monitors, (each) => distance(each.at, point));
    if (monitor) return { kind: "monitor", key: monitor.key };
    const node = found(this.lanes.nodes, (each) => distance(each, point));
    if (node) return { kind: "node", point: node };
    const lane = found(lanes, ({ points }) => Math.min(...points.slice(1).map((b, at) => distance(foot(points[at], b, point), point))));
    return lane ? { kind: "lane", key: lane.key } : null;
  }

  _select(event) {
    const what = this.find(event);
    if (!what || what.kind === "lane") {
      const pan = this._hand(event);
      return { ...pan, up: (_, moved) => { if (!moved) this.lanes.select(what); } };
    }
    this.lanes.select(what);
    const to = (point) => rounded(clamp(point, this.lanes.size));
    return {
      move: (point) => this.lanes.preview(this.lanes.moved(what, to(point))),
      up: (point, moved) => {
        if (!moved) return;
        this.lanes.giveUp();
        const end = what.kind === "node" ? this.snap({ point, pointerType: event.pointerType }, what.point) : to(point);
        this.lanes.change(this.lanes.moved(what, end), what.kind === "node" ? { kind: "node", point: end } : what);
      },
      giveUp: () => this.lanes.giveUp(),
    };
  }

  _lane(event) { return { up: () => this.addPoint(this.snap(event)) }; }
  _entrance(event) { return { up: () => this.addEntrance(this.snap(event)) }; }
  _monitor(event) { return { up: () => this.addMonitor(this.snap(event)) }; }

  // The same point again ends the lane.
  addPoint(point) {
    const last = this.draft.at(-1);
    if (last && same(last, point)) { this.finish(); return; }
    this.draft.push(point);
    this.#sketch();
    this.dispatchEvent(new Event("draft"));
  }

  addEntrance(point) {
    const near = this.lanes.drawn.lanes.some(({ points }) => points.slice(1).some((b, at) => distance(foot(points[at], b, point), point) < 0.05));
    if (!near) { this.say("An entrance lies on a lane. Draw the lane first, or press on one.", "warn"); return; }
    this.say(this.lanes.toggleEntrance(point) ? "An entrance is here now." : "No entrance is here any more.");
  }

  addMonitor(point) {
    this.lanes.addMonitor(point, this.zone);
    this.take("select");
  }

  // What a tool does where the keyboard points.
  press() {
    const point = this.snap({ point: this.cursor, pointerType: "other" });
    const does = { lane: () => this.addPoint(point), entrance: () => this.addEntrance(point), monitor: () => this.addMonitor(point) }[this.tool];
    if (does) does(); else this.lanes.select(this.find({ point: this.cursor, pointerType: "other" }));
  }

  moveCursor([dx, dy], step) {
    const { x, y, width, height } = this.canvas.view;
    const [a, b] = this.cursor ?? [x + width / 2, y + height / 2];
    this.cursor = clamp([a + dx * step, b + dy * step], this.lanes.size);
    if (this.draft.length) this.#sketch(this.cursor);
    this.dispatchEvent(new Event("cursor"));
  }

  #sketch(next) {
    const line = next ? [...this.draft, next] : this.draft;
    this.canvas.sketch(line.length ? [line] : [], this.draft, true);
  }
}
