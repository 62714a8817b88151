// The engine's opinion of outlines that are not saved yet, asked for a moment after the hand rests.

const REST_MS = 500;
const AGAIN_MS = 10000;

export class Opinions {
  #known = new Map();     // by outline: the answer
  #timer = 0;
  #askedAt = 0;

  constructor(asks, canvas, marks, panel) {
    Object.assign(this, { asks, canvas, marks, panel });
    this.saved = new Map();
    marks.addEventListener("spots", () => this.#later());
  }

  // These outlines are saved; of them the stream tells.
  keep(spots) {
    this.saved = new Map(spots.map((spot) => [spot.spot, this.#outline(spot.polygon)]));
    this.#later();
  }

  // There is a newer picture: what was said of the last one grows old.
  renew() {
    if (performance.now() - this.#askedAt < AGAIN_MS) return;
    this.#known.clear();
    this.#later();
  }

  #outline(polygon) { return polygon.flat().map((value) => value.toFixed(1)).join(); }

  #later() {
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), REST_MS);
  }

  #drafts() { return this.marks.spots.filter((spot) => this.saved.get(spot.spot) !== this.#outline(spot.polygon)); }

  #show() {
    const drafts = new Set(this.#drafts().map((spot) => spot.key));
    for (const spot of this.marks.spots) {
      if (!drafts.has(spot.key)) this.canvas.states.delete(spot.key);
      else this.canvas.states.set(spot.key, this.#known.get(this.#outline(spot.polygon)) ?? ["waiting", 0]);
    }
    this.canvas.draw();
    this.panel.showAnswer();
  }

  async #ask() {
    const open = this.#drafts().filter((spot) => !this.#known.has(this.#outline(spot.polygon)));
    if (!open.length) return;
    this.#askedAt = performance.now();
    const form = new FormData();
    const spots = open.map(({ key, name, polygon }) => ({ key, id: name, polygon }));
    form.set("document", new Blob([JSON.stringify({ size: this.marks.size, spots })], { type: "application/json" }), "look.json");
    let told = {};
    try { told = (await this.asks.ask("look", form)).spots; } catch { /* said by "not seen" */ }
    for (const { key, polygon } of open) this.#known.set(this.#outline(polygon), told[key] ?? ["unknown", 0]);
    this.#show();
  }
}
