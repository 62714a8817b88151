// Questions that a vision process answers: the page asks, and fetches the answer when the stream says it is there.

const PATIENCE_MS = 20000;

export class Asks {
  #waiting = new Map();   // by uid: what to do with the answer

  constructor(base, token) { Object.assign(this, { base, token }); }

  async send(path, form) {
    const answer = await fetch(`${this.base}/${path}`, { method: "POST", body: form, headers: { "x-csrftoken": this.token, accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return told;
  }

  // Resolves to the answer; rejects with a sentence.
  async ask(kind, form) {
    const told = await this.send(`asks/${kind}`, form);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fetch(told.uid, true), PATIENCE_MS);
      this.#waiting.set(told.uid, { resolve, reject, timer });
      this.#fetch(told.uid);   // the answer may have come before anybody waited for it
    });
  }

  heard(uids) { for (const uid of uids) if (this.#waiting.has(uid)) this.#fetch(uid); }

  async #fetch(uid, last = false) {
    const found = await fetch(`${this.base}/asks/${uid}`, { headers: { accept: "application/json" } }).catch(() => ({ status: 0 }));
    const waiting = this.#waiting.get(uid);
    if (!waiting || ([0, 204].includes(found.status) && !last)) return;
    this.#waiting.delete(uid);
    clearTimeout(waiting.timer);
    const told = found.status === 200 ? await found.json() : { error: "Nobody answers just now. Is a vision process running?" };
    if (told.error) waiting.reject(new Error(told.error));
    else waiting.resolve(told.answer);
  }
}
