// The review queue by keys, who is on which question, and new ones as they come. Without it every answer is a form.
"use strict";

(() => {
  const HOLD_MS = 30000;
  const IDLE_MS = 180000;
  let touchedAt = performance.now();
  let answers = 0;
  let answersBefore = 0;
  const desk = () => document.getElementById("desk");
  const busy = () => Boolean(document.querySelector("#desk .htmx-request"));

  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { touchedAt = performance.now(); });

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || busy()) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const letter = event.key.toLowerCase();
    const typed = desk().querySelector(".type input:not([type=hidden])");
    if (letter === "e" && typed) { event.preventDefault(); typed.focus(); return; }
    const wanted = /^[a-z0-9]$/.test(letter) && desk().querySelector(`[data-key="${letter}"]`);
    if (!wanted) return;
    event.preventDefault();
    wanted.click();
  });

  // Whoever is at it holds the question; a page that lies open unattended lets it go.
  setInterval(async () => {
    const { hold } = desk().dataset;
    if (!hold || document.hidden || performance.now() - touchedAt > IDLE_MS) return;
    const token = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];
    await fetch(hold, { method: "POST", headers: { "x-csrftoken": token } }).catch(() => {});
  }, HOLD_MS);

  const apply = ({ count, holders }) => {
    const mine = desk().dataset.review;
    const waiting = desk().querySelector("[data-waiting]");
    if (waiting) waiting.textContent = String(count);
    for (const place of desk().querySelectorAll("[data-holder]")) place.textContent = holders[place.dataset.holder] ?? "";
    // A question came while the desk was empty, or the one at hand was answered elsewhere.
    const stale = mine ? count < 200 && !(mine in holders) : count > 0 && Object.values(holders).includes("");
    if (!stale || busy()) return;
    answersBefore = answers;
    htmx.ajax("GET", "/console/review", { target: "#desk", swap: "outerHTML" });
  };

  // An answer that was given meanwhile goes first: what was renewed before it would show again what is answered.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.requestConfig.verb === "post") answers += 1; });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.requestConfig.elt === document.body && answers !== answersBefore) detail.shouldSwap = false;
  });

  follow(desk().dataset.events, { queue: apply });
})();
