// Keeps a driver's page true while it is open: the server sends what has changed as it is to be shown, so this file
// knows no language. Between two messages only the ring counts down. Without it the page loads itself again.
"use strict";

(() => {
  const chosen = document.querySelector("[data-pay-chosen]");
  const choose = () => {
    const end = document.querySelector("[name=until]:checked");
    if (chosen && end) chosen.textContent = end.dataset.words;
  };
  document.querySelectorAll("[name=until]").forEach((end) => end.addEventListener("change", choose));
  choose();

  const main = document.querySelector("[data-stay]");
  if (!main) return;
  const ring = main.querySelector(".ring");
  const live = main.querySelector("[data-live]");
  let leftUntil = ring ? performance.now() + 1000 * Number(ring.dataset.left) : 0;
  let asked = false;

  const say = (state, clock) => {
    if (!live) return;
    if (clock) live.dataset.clock = clock;
    live.dataset.state = state;
    live.textContent = (state === "live" ? live.dataset.sayLive : live.dataset.sayLost).replace("{clock}", live.dataset.clock);
  };

  const count = () => {
    if (!ring) return;
    const left = Math.max(0, Math.round((leftUntil - performance.now()) / 1000));
    const minutes = Math.floor(left / 60) % 60, hours = Math.floor(left / 3600);
    const clock = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes;
    ring.querySelector("b").classList.toggle("long", hours > 0);
    ring.querySelector("b").textContent = `${clock}:${String(left % 60).padStart(2, "0")}`;
    ring.querySelector(".left").setAttribute("stroke-dasharray", `${(100 * left / Math.max(1, ring.dataset.whole)).toFixed(1)} 100`);
    if (left < 120) ring.dataset.state = left ? "soon" : "over";
    if (!left && !asked) { asked = true; setTimeout(() => location.reload(), 1500); }
  };

  const apply = (told) => {
    if (told.state !== main.dataset.kind) { location.reload(); return; }
    const now = main.querySelector("[data-now]");
    if (now && told.now) now.innerHTML = told.now;
    const pay = main.querySelector("[data-pay]");
    if (pay) {
      pay.textContent = told.pay;
      main.querySelector("[data-shown]").value = told.shown;
    }
    if (ring && told.left_s) leftUntil = performance.now() + 1000 * told.left_s;
    say("live", told.clock);
  };

  follow(main.dataset.stay, { stay: apply }, { lost: () => say("stale") });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(count, 1000);
  count();
})();
