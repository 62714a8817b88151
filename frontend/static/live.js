// Keeps a lot's page true while it is open. States come as server-sent events; a change sets a spot's data-state and
// fills in sentences that the server wrote, so this file knows no language. Without it the page reloads by itself.
"use strict";

(() => {
  const main = document.querySelector("[data-live]");
  if (!main) return;
  const badge = main.querySelector("[data-freshness]");
  const announcement = main.querySelector("[data-announce]");
  const spots = new Map([...main.querySelectorAll(".map .spot")].map((spot) => [spot.dataset.spot, spot]));

  let lost = false;
  let clock = badge.dataset.clock;
  let ageS = badge.dataset.age === "" ? null : Number(badge.dataset.age);
  let ageAt = performance.now();
  let connected = false;

  const put = (element, words) => { if (element && element.textContent !== words) element.textContent = words; };

  const span = (seconds) => {
    const forms = badge.dataset.units.split("|");
    const [form, n] = seconds < 60 ? [0, seconds] : seconds < 3600 ? [1, seconds / 60] : seconds < 86400 ? [2, seconds / 3600] : [3, seconds / 86400];
    return forms[form].replace("{n}", Math.max(0, Math.floor(n)));
  };

  const tick = () => {
    main.toggleAttribute("data-lost", lost);
    const age = ageS === null ? null : ageS + (performance.now() - ageAt) / 1000;
    const say = badge.dataset;
    let state = "stale";
    let form = say.sayNone;
    if (lost) form = age === null ? say.sayLostNone : say.sayLost;
    else if (age !== null && age >= Number(say.oldAfter)) form = say.sayOld;
    else if (age !== null && main.hasAttribute("data-blind")) form = say.sayBlind;
    else if (age !== null && connected) { form = say.sayLive; state = "live"; }
    else if (age !== null) return;
    if (badge.dataset.state !== state) badge.dataset.state = state;
    put(badge, form.replace("{clock}", clock).replace("{age}", age === null ? "" : span(age)));
  };

  const heard = () => {
    connected = true;
    if (lost) { lost = false; put(announcement, announcement.dataset.back); }
    tick();
  };

  const drop = () => {
    if (lost) return;
    lost = true;
    tick();
    put(announcement, badge.textContent);
  };

  const listFree = () => {
    for (const list of main.querySelectorAll("[data-free-names]")) {
      const mine = [...spots.values()].filter((spot) => spot.dataset.kind === list.dataset.freeNames);
      const names = mine.filter((spot) => spot.dataset.state === "free").map((spot) => spot.dataset.spot);
      const unseen = mine.every((spot) => spot.dataset.state === "unknown");
      put(list, names.join(", ") || (unseen ? list.dataset.unseen : list.dataset.none));
    }
  };

  const apply = (told) => {
    if (told.layout && told.layout !== main.dataset.layout) {
      setTimeout(() => location.reload(), Math.random() * 2000);  // not everybody in the same moment
      return;
    }
    clock = told.clock;
    ageS = told.age_s;
    ageAt = performance.now();
    for (const [name, state] of Object.entries(told.spots || {})) {
      const spot = spots.get(name);
      if (spot && spot.dataset.state !== state) spot.dataset.state = state;
    }
    for (const [kind, free] of Object.entries(told.kinds || {})) {
      put(main.querySelector(`[data-kind-free="${CSS.escape(kind)}"]`), String(free));
    }
    for (const [name, words] of Object.entries(told.text || {})) {
      if (name === "title") document.title = words;
      else put(main.querySelector(`[data-text="${CSS.escape(name)}"]`), words);
    }
    if (told.spots) {
      main.toggleAttribute("data-blind", [...spots.values()].every((spot) => spot.dataset.state === "unknown"));
      listFree();
    }
  };

  follow(main.dataset.live, { lot: (told) => { apply(told); tick(); } }, { heard, lost: drop });
  setInterval(tick, 1000);
})();
