// Saving, and everything that keeps a drawing from being lost: the draft in this browser, the warning, the conflict.

const DRAFT_AFTER_MS = 400;

export class Keeping {
  #timer = 0;

  constructor(root, marks, base, token) {
    Object.assign(this, { root, marks, base, token });
    this.name = `parkhub:spots:${base}`;
    this.button = root.querySelector("#save");
    this.told = root.querySelector("#told");
    this.button.addEventListener("click", () => this.save());
    marks.addEventListener("spots", () => this.#changed());
    addEventListener("beforeunload", (event) => { if (marks.dirty) event.preventDefault(); });
    addEventListener("pagehide", () => this.#keep());
  }

  async load() {
    const document = await this.#get("document");
    const draft = this.#draft();
    this.marks.load(document);
    if (draft && this.marks.differs(draft)) {
      const mine = { ...draft, version: document.version };
      this.say(draft.version === document.version
        ? "What you had drawn here and not saved is shown again."
        : `What you had drawn is shown again. Version ${document.version} was saved meanwhile by somebody else; saving puts yours on top of it.`,
      "warn", [["Drop my drawing", () => { this.marks.load(document); this.#forget(); this.say(""); }]]);
      this.marks.load(document, mine);
    }
    return document;
  }

  async save() {
    if (this.button.getAttribute("aria-busy") === "true") return;
    this.button.setAttribute("aria-busy", "true");
    const form = new FormData();
    const { drawn } = this.marks;
    form.set("document", new Blob([JSON.stringify(this.marks.toDocument())], { type: "application/json" }), "spots.json");
    try {
      const answer = await fetch(`${this.base}/save`, { method: "POST", body: form, headers: { "x-csrftoken": this.token, accept: "application/json" } });
      const told = await answer.json();
      if (answer.ok) this.#saved(told, drawn);
      else if (answer.status === 409) this.#conflict(told);
      else this.#refused(told);
    } catch {
      this.say("Not saved: the server cannot be reached. Your drawing is kept in this browser. Try again.", "bad");
    } finally {
      this.button.removeAttribute("aria-busy");
    }
  }

  #saved({ saved, document: drawing }, drawn) {
    this.marks.saved(drawing, drawn);
    this.#keep();
    const version = document.querySelector("#version");
    if (version) version.textContent = `version ${saved.number}, saved ${saved.at}`;
    this.#renewVersions();
    this.say(saved.sentence ?? `Saved as version ${saved.number}: ${saved.words}.`, "good");
  }

  async #renewVersions() {
    const shown = document.querySelector("#version-card");
    if (!shown) return;
    const answer = await fetch(this.base);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#version-card");
    if (answer.ok && fresh) shown.replaceWith(fresh);
  }

  #conflict(told) {
    this.say(`${told.detail} Nothing of yours is lost.`, "warn", [
      ["Save mine on top", () => { this.marks.version = told.version; this.save(); }],
      ["Take theirs", async () => {
        this.marks.takeTheirs(await this.#get("document"));
        this.say("This is their drawing now. Undo brings yours back.");
      }],
    ]);
  }

  #refused(told) {
    const faults = (told.faults ?? []).filter((fault) => this.marks.spots[fault.index]);
    if (faults.length) this.marks.blame(faults);
    if (faults.length) this.marks.select([this.marks.spots[faults[0].index].key]);
    this.say(`Not saved. ${told.detail ?? "Something went wrong."}`, "bad");
  }

  // Somebody else has saved while this page lies open.
  async heard(version) {
    if (version <= this.marks.version || this.button.getAttribute("aria-busy") === "true") return;
    const theirs = this.marks.dirty ? null : await this.#get("document").catch(() => null);
    if (this.marks.dirty) {  // by now: something may have been drawn while theirs was on its way
      if (this.warned === version) return;
      this.warned = version;
      this.say(`Somebody saved version ${version} meanwhile. Your drawing stays here; you are asked when you save.`, "warn");
    } else if (theirs?.version > this.marks.version && !this.marks.before) {
      this.marks.load(theirs);
      this.say(`Somebody saved version ${theirs.version}; this is it.`);
    }
  }

  say(words, tone = "", choices = []) {
    this.told.hidden = !words;
    if (tone) this.told.dataset.tone = tone; else delete this.told.dataset.tone;
    this.told.querySelector("span").textContent = words;
    this.told.querySelector("div").replaceChildren(...choices.map(([name, run]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn";
      button.textContent = name;
      button.addEventListener("click", run);
      return button;
    }));
  }

  #changed() {
    this.button.disabled = !this.marks.dirty;
    this.button.textContent = this.marks.dirty ? (this.button.dataset.words ?? "Save the spots") : "Saved";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), DRAFT_AFTER_MS);
  }

  #keep() {
    try {
      if (this.marks.dirty) localStorage.setItem(this.name, JSON.stringify(this.marks.toDocument()));
      else this.#forget();
    } catch { /* no room, or not allowed: the warning at leaving is left */ }
  }

  #draft() {
    try { return JSON.parse(localStorage.getItem(this.name)); } catch { return null; }
  }

  #forget() { try { localStorage.removeItem(this.name); } catch { /* the same */ } }

  async #get(path) {
    const answer = await fetch(`${this.base}/${path}`, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }
}
