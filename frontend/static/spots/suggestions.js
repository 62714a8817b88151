// Outlines that are offered and not drawn yet: from where vehicles stood, from the picture's rows, from a file.

export class Suggestions {
  offered = [];     // {polygon, row}: row is what a file says besides; taken ones are null

  constructor(root, { asks, canvas, marks, maker, tools }) {
    Object.assign(this, { root, asks, canvas, marks, maker });
    this.told = root.querySelector("#suggest-told");
    this.choices = root.querySelector("#suggest-choices");
    root.querySelector("[data-suggest=days]").addEventListener("click", (event) => this.#busy(event.target, () => this.#fromDays()));
    root.querySelector("[data-suggest=rows]").addEventListener("click", (event) => this.#busy(event.target, () => this.#fromRows()));
    root.querySelector("[data-accept]").addEventListener("click", () => this.#acceptAll(false));
    root.querySelector("[data-replace]").addEventListener("click", () => this.#acceptAll(true));
    root.querySelector("[data-drop]").addEventListener("click", () => { this.say(""); this.offer([]); });
    root.querySelector("[data-next]").addEventListener("click", () => this.#accept(this.offered.findIndex(Boolean)));
    root.querySelector("#file-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#busy(event.submitter, () => this.#fromFile(event.target));
    });
    tools.addEventListener("suggested", (event) => this.#accept(event.detail));
  }

  say(words) { this.told.textContent = words; }

  offer(offered, fromFile = false) {
    this.offered = offered;
    this.root.querySelector("[data-replace]").hidden = !fromFile;
    this.root.querySelector("[data-next]").hidden = fromFile;
    this.#draw();
  }

  #draw() {
    const left = this.offered.filter(Boolean).length;
    this.choices.hidden = left === 0;
    this.canvas.suggest(this.offered.map((each) => each?.polygon));
    this.root.querySelector("[data-accept]").textContent = left === 1 ? "Accept it" : `Accept all ${left}`;
  }

  async #busy(button, run) {
    button.setAttribute("aria-busy", "true");
    this.say("");
    try { await run(); } catch (error) { this.say(error.message || "Something went wrong. Try again."); }
    button.removeAttribute("aria-busy");
  }

  #scaled(polygons) {
    const [wide, high] = this.marks.size;
    return polygons.map((polygon) => ({ polygon: polygon.map(([x, y]) => [x * wide, y * high]), row: null }));
  }

  #drawn() {
    const form = new FormData();
    form.set("document", new Blob([JSON.stringify(this.marks.toDocument())], { type: "application/json" }), "spots.json");
    return form;
  }

  async #fromDays() {
    const told = await this.asks.send("suggestions", this.#drawn());
    this.offer(this.#scaled(told.polygons));
    const pictures = `${told.samples} ${told.samples === 1 ? "picture" : "pictures"} of ${told.days} ${told.days === 1 ? "day" : "days"}`;
    if (told.polygons.length) this.say(`${told.polygons.length} places where vehicles stood and no spot is, from ${pictures}. Press one on the picture to accept it.`);
    else if (!told.samples) this.say(`Nothing is known yet of where vehicles stood. ${told.counts ? "Come back when pictures have come for some hours." : "Have the camera count vehicles (its settings), and come back after some hours."}`);
    else this.say(`Nothing to suggest: in ${pictures} no vehicle stood again and again where no spot is.`);
  }

  async #fromRows() {
    const { polygons, vehicles } = await this.asks.ask("rows", this.#drawn());
    this.offer(this.#scaled(polygons));
    this.say(polygons.length
      ? `${polygons.length} places by the ${vehicles} vehicles in the picture and the gaps between them. Press one to accept it.`
      : `Nothing to suggest: ${vehicles} vehicles are seen in the picture, all on spots.`);
  }

  async #fromFile(form) {
    const told = await this.asks.ask("file", new FormData(form));
    const [x, y] = [this.marks.size[0] / told.size[0], this.marks.size[1] / told.size[1]];
    if (Math.abs(x / y - 1) > 0.02) throw new Error(`The file was made for a picture of ${told.size[0]} × ${told.size[1]}, which has another shape than this one.`);
    this.offer(told.spots.map((row) => ({ polygon: row.polygon.map((point) => [point[0] * x, point[1] * y]), row })), true);
    this.say(`The file has ${told.spots.length} ${told.spots.length === 1 ? "spot" : "spots"}, shown dashed. Nothing is changed until you accept, and nothing saved until you save.`);
  }

  #accept(at) {
    const found = this.offered[at];
    if (!found) return;
    this.offered[at] = null;
    if (found.row) this.marks.add(this.#rows([found], this.marks.spots));
    else this.maker.add([found.polygon]);
    this.#draw();
  }

  #acceptAll(instead) {
    const left = this.offered.filter(Boolean);
    this.offered = [];
    if (instead) this.#replace(left);
    else if (left.length && left[0].row) this.marks.add(this.#rows(left, this.marks.spots));
    else this.maker.add(left.map((each) => each.polygon));
    this.say("");
    this.#draw();
  }

  // Names of a file stay where they are free; the others get one that is.
  #rows(offered, spots) {
    const taken = new Set(spots.map((spot) => spot.name));
    return offered.map(({ polygon, row }) => {
      let name = row.id;
      for (let n = 2; taken.has(name); n += 1) name = `${row.id}-${n}`;
      taken.add(name);
      return { id: name, kind: row.kind, zone: row.zone, polygon };
    });
  }

  // A spot whose name the file has goes on as that one.
  #replace(offered) {
    const by = new Map(this.marks.spots.map((spot) => [spot.name, spot]));
    const rows = this.#rows(offered, []);
    this.marks.exchange(rows.map((row) => ({ ...row, spot: by.get(row.id)?.spot ?? null })));
  }
}
