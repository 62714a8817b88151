// Keeps a monitor true by its lot's stream: counts places by part, points to the nearest free one, dims at night, and
// says how old the numbers are when the connection drops. Words are the page's.
"use strict";

(() => {
  const body = document.body;
  const say = body.dataset;
  const badge = document.querySelector("[data-freshness]");
  const places = JSON.parse(say.places);
  const byName = new Map(places.map((place) => [place.n, place]));
  const hang = say.hang ? say.hang.split(",").map(Number) : null;
  const ways = say.ways.split("|");
  const EIGHTH = 45;

  let lost = false;
  let connected = false;
  let clock = "";
  let ageS = badge.dataset.age === "" ? null : Number(badge.dataset.age);
  let ageAt = performance.now();

  const put = (element, words) => { if (element && element.textContent !== words) element.textContent = words; };

  const count = (mine) => {
    const free = mine.filter((place) => place.s === "free");
    const unknown = mine.filter((place) => place.s === "unknown").length;
    const state = unknown === mine.length ? "unknown" : free.length || unknown ? "free" : "full";
    return { free, state, shown: state === "unknown" ? "?" : state === "full" ? say.full : String(free.length) };
  };

  // The eighth of the circle, clockwise from straight on, to go first to the nearest of some places: by the lanes that
  // are drawn, as the server found, else as the crow flies.
  const way = (free) => {
    if (!hang || !free.length) return null;
    if ("byLane" in say) {
      const nearest = free.reduce((best, place) => (place.d !== undefined && !(best?.d <= place.d) ? place : best), null);
      return nearest ? nearest.w : null;
    }
    const [x, y, facing] = hang;
    const far = (place) => Math.hypot(place.x - x, place.y - y);
    const nearest = free.reduce((best, place) => (far(place) < far(best) ? place : best));
    const degrees = (Math.atan2(nearest.x - x, y - nearest.y) * 180) / Math.PI - facing;
    return (Math.round(degrees / EIGHTH) + 16) % 8;
  };

  const point = (arrow, eighth) => {
    arrow.toggleAttribute("hidden", eighth === null);
    if (eighth === null) return;
    arrow.setAttribute("aria-label", ways[eighth]);
    arrow.firstElementChild.setAttribute("transform", `rotate(${eighth * EIGHTH} 50 50)`);
  };

  const draw = () => {
    const main = document.querySelector("main");
    const here = count(places.filter((place) => !say.zone || place.z === say.zone));
    const eighth = way(here.free);
    main.dataset.state = here.state;
    main.querySelector(".now").dataset.digits = here.shown.length;
    put(main.querySelector("[data-here]"), here.shown);
    point(main.querySelector("[data-arrow]"), eighth);
    const words = here.state === "unknown" ? say.unseen : here.state === "full" ? say.noneFree : here.free.length === 1 ? say.freeOne : say.free;
    put(main.querySelector("[data-say]"), eighth === null ? words : `${words}, ${ways[eighth]}`);
    for (const row of document.querySelectorAll("[data-part]")) {
      const part = count(places.filter((place) => place.z === row.dataset.part));
      if (part.state === "free") delete row.dataset.state; else row.dataset.state = part.state;
      put(row.querySelector("b"), part.shown);
      point(row.querySelector("[data-arrow]"), way(part.free));
    }
    for (const kind of document.querySelectorAll("footer [data-kind]")) {
      const mine = count(places.filter((place) => place.k === kind.dataset.kind));
      put(kind, mine.state === "full" ? "0" : mine.shown);
    }
  };

  const span = (seconds) => {
    const forms = badge.dataset.units.split("|");
    const [form, n] = seconds < 60 ? [0, seconds] : seconds < 3600 ? [1, seconds / 60] : seconds < 86400 ? [2, seconds / 3600] : [3, seconds / 86400];
    return forms[form].replace("{n}", Math.max(0, Math.floor(n)));
  };

  const tick = () => {
    const now = new Intl.DateTimeFormat("en-GB", { timeZone: say.clockZone, hour: "2-digit", minute: "2-digit" }).format(new Date());
    put(document.querySelector("header time"), now);
    const hour = Number(now.slice(0, 2));
    body.toggleAttribute("data-night", hour >= Number(say.nightFrom) || hour < Number(say.nightTo));
    body.toggleAttribute("data-lost", lost);
    const age = ageS === null ? null : ageS + (performance.now() - ageAt) / 1000;
    const words = badge.dataset;
    let state = "stale";
    let form = words.sayNone;
    if (lost) form = age === null ? words.sayLostNone : words.sayLost;
    else if (age !== null && age >= Number(words.oldAfter)) form = words.sayOld;
    else if (age !== null && connected) { form = words.sayLive; state = "live"; }
    else if (age !== null) return;
    badge.dataset.state = state;
    put(badge, form.replace("{clock}", clock).replace("{age}", age === null ? "" : span(age)));
  };

  const apply = (told) => {
    if (told.layout && told.layout !== say.layout) {
      setTimeout(() => location.reload(), Math.random() * 2000);  // not every monitor in the same moment
      return;
    }
    clock = told.clock;
    ageS = told.age_s;
    ageAt = performance.now();
    for (const [name, state] of Object.entries(told.spots || {})) {
      if (byName.has(name)) byName.get(name).s = state;
    }
    draw();
    tick();
  };

  draw();
  tick();
  follow(say.live, { lot: apply }, {
    heard: () => { lost = false; connected = true; tick(); },
    lost: () => { lost = true; tick(); },
  });
  setInterval(tick, 1000);
})();
