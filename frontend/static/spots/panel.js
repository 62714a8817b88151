// What is said of the selection, and the list of all spots with what is wrong with them.

import { readingOrder } from "./geometry.js";
import { make, parse } from "./names.js";

const WORDS = { free: ["free", "good"], occupied: ["taken", ""], unknown: ["not seen", ""], waiting: ["asking …", "note"] };

export class Panel {
  constructor(root, canvas, marks) {
    Object.assign(this, { root, canvas, marks });
    this.form = root.querySelector("#spot-form");
    this.many = root.querySelector("#renumber-form");
    this.list = root.querySelector("#spot-list");
    this.form.addEventListener("change", () => this.#apply());
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#apply(); canvas.svg.focus(); });
    this.many.addEventListener("submit", (event) => { event.preventDefault(); this.#renumber(); });
    this.form.querySelector("[data-delete]").addEventListener("click", () => marks.remove());
    this.list.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]")?.dataset.key;
      if (!key) return;
      marks.select(event.shiftKey || event.ctrlKey ? [...marks.selected, key] : [key]);
      canvas.reveal(marks.find(key));
    });
    for (const what of ["spots", "selection", "faults"]) marks.addEventListener(what, () => this.show());
  }

  show() {
    const chosen = this.marks.chosen;
    const { name, kind, zone } = this.form.elements;
    this.form.hidden = chosen.length === 0;
    this.root.querySelector("#spot-none").hidden = chosen.length > 0;
    this.many.hidden = chosen.length < 2;
    name.closest(".field").hidden = chosen.length !== 1;
    if (chosen.length) {
      const same = (key) => (chosen.every((spot) => spot[key] === chosen[0][key]) ? chosen[0][key] : "");
      this.root.querySelector("#spot-title").textContent = chosen.length === 1 ? `Spot ${chosen[0].name}` : `${chosen.length} spots`;
      if (document.activeElement !== name) name.value = chosen[0].name;
      kind.value = same("kind");
      if (document.activeElement !== zone) zone.value = same("zone");
      zone.placeholder = chosen.some((spot) => spot.zone !== chosen[0].zone) ? "several" : "";
      if (document.activeElement?.form !== this.many) {
        this.many.elements.prefix.value = parse(chosen[0].name).prefix;
        this.many.elements.from.value = parse(chosen[0].name).number ?? 1;
      }
    }
    this.showAnswer();
    this.#fault(chosen);
    this.#showList();
    this.#count();
  }

  showAnswer() {
    const badge = this.root.querySelector("#spot-answer");
    const chosen = this.marks.chosen;
    badge.hidden = chosen.length !== 1;
    if (chosen.length === 1) {
      const [state, percent] = this.canvas.stateOf(chosen[0]);
      const [words, tone] = WORDS[state];
      badge.textContent = percent ? `${words}, ${(percent / 100).toFixed(2)}` : words;
      if (tone) badge.dataset.tone = tone; else delete badge.dataset.tone;
    }
    this.#count();
  }

  #count() {
    const count = { free: 0, occupied: 0, unknown: 0, waiting: 0 };
    for (const spot of this.marks.spots) count[this.canvas.stateOf(spot)[0]] += 1;
    for (const [state, number] of Object.entries(count)) {
      const shown = this.root.querySelector(`[data-count="${state}"]`);
      if (shown) shown.textContent = number;
    }
    const { spots } = this.marks;
    document.querySelector("#spot-count").textContent = `${spots.length} ${spots.length === 1 ? "spot" : "spots"}`;
  }

  #fault(chosen) {
    const words = chosen.length === 1 ? this.marks.faults.get(chosen[0].key) : "";
    const told = this.root.querySelector("#spot-fault");
    told.textContent = words ?? "";
    this.form.elements.name.toggleAttribute("aria-invalid", Boolean(words));
    if (words) this.form.elements.name.setAttribute("aria-invalid", "true");
  }

  #showList() {
    const { spots, selected, faults } = this.marks;
    const now = spots.map((spot) => `${spot.key}${spot.name}${selected.has(spot.key)}${faults.get(spot.key)}`).join();
    if (now === this.listed) return;
    this.listed = now;
    const stoodOn = this.list.contains(document.activeElement) ? document.activeElement.dataset.key : "";
    this.list.replaceChildren(...spots.map((spot) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pick";
      button.dataset.key = spot.key;
      button.textContent = spot.name || "no name";
      button.setAttribute("aria-pressed", String(selected.has(spot.key)));
      const fault = faults.get(spot.key);
      if (fault) { button.dataset.fault = ""; button.title = fault; }
      return button;
    }));
    if (stoodOn) this.list.querySelector(`[data-key="${CSS.escape(stoodOn)}"]`)?.focus({ preventScroll: true });
    const told = this.root.querySelector("#faults");
    told.replaceChildren(...[...faults].filter(([key]) => this.marks.find(key)).slice(0, 8).map(([key, words]) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-quiet";
      button.dataset.key = key;
      button.textContent = words;
      button.addEventListener("click", () => { this.marks.select([key]); this.canvas.reveal(this.marks.find(key)); });
      item.append(button);
      return item;
    }));
  }

  #apply() {
    const { name, kind, zone } = this.form.elements;
    const chosen = this.marks.chosen;
    if (!chosen.length) return;
    const now = chosen.map((spot) => ({
      ...spot,
      name: chosen.length === 1 ? name.value.trim() : spot.name,
      kind: kind.value || spot.kind,
      zone: zone.value === "" && zone.placeholder ? spot.zone : zone.value.trim(),
    }));
    if (JSON.stringify(now) !== JSON.stringify(chosen)) this.marks.replace(now);
  }

  #renumber() {
    const { prefix, from } = this.many.elements;
    const order = readingOrder(this.marks.chosen);
    this.marks.replace(order.map((spot, at) => ({ ...spot, name: make(prefix.value.trim(), Number(from.value) + at) })));
  }
}
