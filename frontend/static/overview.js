// Keeps the live view true while it is open: figures, small maps and cameras as they change. What a message cannot tell
// (another lot, a camera that needs somebody, a call) is loaded anew by the page's own address for it.
"use strict";

(() => {
  const now = document.getElementById("now");
  if (!now) return;
  let shape = "";        // as it was told last
  let meanwhile = null;  // what is told while parts are loaded anew, which may have been read before it
  const ages = new Map();

  const put = (root, texts) => {
    for (const [name, words] of Object.entries(texts || {})) {
      for (const place of root.querySelectorAll(`[data-figure="${CSS.escape(name)}"]`)) {
        if (root === now && place.closest("[data-lot]")) continue;
        if (place.textContent !== words) place.textContent = words;
        if (place.tagName === "DD") place.classList.toggle("long", words.length > 12);
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

  const renew = async () => {
    const drawn = now.querySelector("[data-shape]")?.dataset.shape ?? shape;
    if (meanwhile || !shape || drawn === shape) return;
    meanwhile = [];
    await htmx.ajax("GET", "/console/now", { target: "#now", swap: "innerHTML" }).catch(() => { /* asked again with the next message */ });
    const told = meanwhile;
    meanwhile = null;
    told.forEach(apply);
  };

  const apply = (told) => {
    meanwhile?.push(told);
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
    if (told.recent) {
      const stoodOn = document.activeElement?.closest("[data-recent] a")?.getAttribute("href");
      recent(told.recent);
      if (stoodOn) now.querySelector(`[data-recent] a[href="${CSS.escape(stoodOn)}"]`)?.focus({ preventScroll: true });
    }
    for (const [id, [words, tone, mark, age, rate]] of Object.entries(told.cameras || {})) {
      const pace = now.querySelector(`[data-camera="${CSS.escape(id)}"] [data-rate]`);
      if (pace) pace.textContent = rate;
      const place = now.querySelector(`[data-camera="${CSS.escape(id)}"] [data-badge]`);
      if (place && place.textContent !== words) place.replaceChildren(badge([words, tone, mark]));
      if (age !== null) ages.set(id, [age, performance.now()]);
    }
    put(now, told.text);
    shape = told.shape ?? shape;
    renew();
  };

  const tellPage = (connected) => document.dispatchEvent(new CustomEvent("stream", { detail: connected }));

  follow(now.dataset.events, { overview: apply }, {
    heard: () => { tellPage(true); renew(); },
    lost: () => tellPage(false),
  });
  setInterval(tick, 1000);
})();
