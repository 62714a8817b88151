// Keeps the live view true while it is open: figures, small maps and cameras as they change. What a message cannot tell
// (another lot, a camera that needs somebody, a call) is loaded anew by the page's own address for it.
"use strict";

(() => {
  const now = document.getElementById("now");
  if (!now || !window.EventSource) return;
  const SILENCE_MS = 35000;
  let source = null;
  let heardAt = performance.now();
  const ages = new Map();

  const put = (root, texts) => {
    for (const [name, words] of Object.entries(texts || {})) {
      for (const place of root.querySelectorAll(`[data-figure="${CSS.escape(name)}"]`)) {
        if (root === now && place.closest("[data-lot]")) continue;
        if (place.textContent !== words) place.textContent = words;
      }
    }
  };

  const span = (seconds) => seconds < 60 ? `${Math.floor(seconds)} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min`
    : seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} days`;

  const tick = () => {
    for (const [id, [age, at]] of ages) {
      const place = now.querySelector(`[data-camera="${CSS.escape(id)}"] [data-age]`);
      if (place) place.textContent = `${span(age + (performance.now() - at) / 1000)} ago`;
    }
    if (performance.now() - heardAt > SILENCE_MS) drop(true);
  };

  const badge = ([words, tone, mark]) => {
    const found = document.createElement("span");
    found.className = "badge";
    if (tone) found.dataset.tone = tone;
    if (mark) found.dataset.mark = mark;
    found.textContent = words;
    return found;
  };

  const recent = (told) => {
    const list = now.querySelector("[data-recent]");
    if (!list) return;
    list.replaceChildren(...told.map(([at, number, what, small, address]) => {
      const item = document.createElement("li");
      const words = document.createElement("span");
      let lead = words;
      if (address) {
        lead = document.createElement("a");
        lead.href = address;
        words.append(lead);
      }
      if (number) {
        const plate = document.createElement("span");
        plate.className = "plate";
        plate.textContent = number;
        lead.append(plate);
        words.append(` ${what}`);
      } else {
        lead.append(what);
      }
      const time = document.createElement("time");
      time.textContent = at;
      item.append(words, time);
      if (small) {
        const line = document.createElement("small");
        line.textContent = small;
        item.append(line);
      }
      return item;
    }));
    now.querySelector("[data-none]").hidden = told.length > 0;
  };

  const apply = (told) => {
    for (const [id, lot] of Object.entries(told.lots || {})) {
      const card = now.querySelector(`[data-lot="${id}"]`);
      if (!card) continue;
      put(card, lot.text);
      const live = card.querySelector(".live");
      if (live && lot.live) live.dataset.state = lot.live;
      const rects = card.querySelectorAll(".mini rect");
      if (lot.states) [...lot.states].forEach((letter, at) => rects[at]?.setAttribute("class", letter));
      for (const [at, letter] of Object.entries(lot.spots || {})) rects[at]?.setAttribute("class", letter);
    }
    if (told.recent) recent(told.recent);
    for (const [id, [words, tone, mark, age, rate]] of Object.entries(told.cameras || {})) {
      const pace = now.querySelector(`[data-camera="${CSS.escape(id)}"] [data-rate]`);
      if (pace) pace.textContent = rate;
      const place = now.querySelector(`[data-camera="${CSS.escape(id)}"] [data-badge]`);
      if (place && place.textContent !== words) place.replaceChildren(badge([words, tone, mark]));
      if (age !== null) ages.set(id, [age, performance.now()]);
    }
    put(now, told.text);
    const drawn = now.querySelector("[data-shape]");
    if (told.shape && drawn && drawn.dataset.shape !== told.shape) {
      drawn.dataset.shape = told.shape;
      htmx.ajax("GET", "/console/now", { target: "#now", swap: "innerHTML" });
    }
  };

  const heard = () => {
    heardAt = performance.now();
    document.dispatchEvent(new CustomEvent("stream", { detail: true }));
  };

  const drop = (silent) => {
    document.dispatchEvent(new CustomEvent("stream", { detail: false }));
    if (silent || source.readyState === EventSource.CLOSED) {
      source.close();
      heardAt = performance.now();
      setTimeout(open, 3000);
    }
  };

  const open = () => {
    source = new EventSource(now.dataset.events);
    source.addEventListener("overview", (event) => { heard(); apply(JSON.parse(event.data)); });
    source.addEventListener("ping", heard);
    source.addEventListener("error", () => drop(false));
  };

  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  open();
  setInterval(tick, 1000);
})();
