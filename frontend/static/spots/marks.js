// What is drawn, what is selected, and the way back. Spots are never changed, only replaced, so that what is on the
// screen and in the history can share them.

import { area, crossesItself } from "./geometry.js";

const STEPS_MAX = 200;
const AREA_MIN = 36;
let keys = 0;

const asSpot = (row) => ({
  key: `k${++keys}`, spot: row.spot ?? null, name: row.id, kind: row.kind || "standard", zone: row.zone || "", polygon: row.polygon,
});

export class Marks extends EventTarget {
  spots = [];
  selected = new Set();
  faults = new Map();   // by key, a sentence
  version = 0;
  size = [1280, 720];
  #past = [];
  #future = [];
  #saved = "[]";
  #now = "[]";

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }
  get dirty() { return this.#now !== this.#saved || this.resized; }
  get chosen() { return this.spots.filter((spot) => this.selected.has(spot.key)); }

  find(key) { return this.spots.find((spot) => spot.key === key); }

  // Begin with a saved document, or with what was drawn on one before.
  load(document, drawn = document) {
    this.version = document.version;
    this.resized = false;
    this.size = document.size;
    this.spots = document.spots.map(asSpot);
    this.#saved = this.#now = this.#packed();
    if (drawn !== document) { this.spots = drawn.spots.map(asSpot); this.#now = this.#packed(); }
    this.#past = [];
    this.#future = [];
    this.selected = new Set();
    this.faults = new Map();
    this.#tell("spots");
    if (drawn === document) this.#tell("saved");
  }

  differs(drawn) { return JSON.stringify(drawn.spots) !== JSON.stringify(this.toDocument().spots); }

  // Somebody else's drawing; undo brings one's own back.
  takeTheirs(document) {
    const mine = this.spots;
    this.load(document);
    const theirs = this.spots;
    this.change(mine);
    this.change(theirs, new Set());
  }

  // The server has saved what was sent; what was drawn meanwhile is not saved yet. Ids of rows come with it.
  saved(document, sent) {
    this.version = document.version;
    this.resized = String(this.size) !== String(sent.size);
    const rows = new Map(document.spots.map((row) => [row.id, row.spot]));
    const ids = new Map(sent.spots.map((spot) => [spot.key, rows.get(spot.name)]));
    const give = (spot) => (ids.has(spot.key) ? { ...spot, spot: ids.get(spot.key) ?? spot.spot } : spot);
    this.#saved = this.#packed(sent.spots.map(give));
    this.spots = this.spots.map(give);
    this.#now = this.#packed();
    this.#tell("spots");
    this.#tell("saved");
  }

  // What is drawn just now, to be given to `saved` once it is: it never changes.
  get drawn() { return { spots: this.spots, size: this.size }; }

  toDocument(spots = this.spots) {
    const round = (value) => Math.round(value * 100) / 100;
    return {
      version: this.version, size: this.size,
      spots: spots.map(({ spot, name, kind, zone, polygon }) => (
        { id: name, spot, kind, zone, polygon: polygon.map((point) => point.map(round)) })),
    };
  }

  // One step that can be undone.
  change(spots, selected = this.selected) {
    this.#past.push({ spots: this.before ?? this.spots, selected: this.selected });
    if (this.#past.length > STEPS_MAX) this.#past.shift();
    this.#future = [];
    this.before = null;
    this.#put(spots, selected);
  }

  // A step that is still being made: only its end becomes part of the way back.
  preview(spots) {
    this.before ??= this.spots;
    this.spots = spots;
    this.#tell("preview");
  }

  giveUp() {
    if (!this.before) return;
    this.spots = this.before;
    this.before = null;
    this.#tell("spots");
  }

  replace(changed, selected = this.selected) {
    const by = new Map(changed.map((spot) => [spot.key, spot]));
    this.change(this.spots.map((spot) => by.get(spot.key) ?? spot), selected);
  }

  add(rows) {
    const added = rows.map(asSpot);
    this.change([...this.spots, ...added], new Set(added.map((spot) => spot.key)));
    return added;
  }

  // A plan may become larger; a picture never does.
  resize(size) {
    this.resized ||= String(size) !== String(this.size);
    this.size = size;
    this.#tell("spots");
  }

  // Other spots instead of all.
  exchange(rows) { this.change(rows.map(asSpot), new Set()); }

  remove(keys_ = this.selected) {
    if (keys_.size) this.change(this.spots.filter((spot) => !keys_.has(spot.key)), new Set());
  }

  undo() { this.#step(this.#past, this.#future); }
  redo() { this.#step(this.#future, this.#past); }

  select(keys_) {
    this.selected = new Set(keys_);
    this.#tell("selection");
  }

  blame(faults) {
    this.faults = new Map(faults.map(({ index, words }) => [this.spots[index]?.key, words]));
    this.#tell("faults");
  }

  #step(from, to) {
    this.giveUp();
    const step = from.pop();
    if (!step) return;
    to.push({ spots: this.spots, selected: this.selected });
    this.#put(step.spots, step.selected);
  }

  #put(spots, selected) {
    this.spots = spots;
    const there = new Set(spots.map((spot) => spot.key));
    this.selected = new Set([...selected].filter((key) => there.has(key)));
    this.#now = this.#packed();
    this.faults = this.#check();
    this.#tell("spots");
  }

  // What can be told at once; the server tells the rest.
  #check() {
    const seen = new Set();
    const faults = new Map();
    for (const { key, name, polygon } of this.spots) {
      if (!name) faults.set(key, "This spot has no name.");
      else if (seen.has(name)) faults.set(key, `${name} is the name of another spot here, too.`);
      else if (crossesItself(polygon)) faults.set(key, `The outline of ${name} crosses itself.`);
      else if (area(polygon) < AREA_MIN) faults.set(key, `${name} is too small to show a car.`);
      seen.add(name);
    }
    return faults;
  }

  #packed(spots = this.spots) { return JSON.stringify(this.toDocument(spots).spots); }
  #tell(what) { this.dispatchEvent(new Event(what)); }
}
