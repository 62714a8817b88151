// Grids of places by keys: arrows go from one to the next, a letter presses the button that says its word.
"use strict";

(() => {
  let goOnFrom = "";

  const cards = () => [...document.querySelectorAll(".crops > .crop")];
  const grid = () => document.querySelector("[data-keys]");
  const keys = () => new Map(grid().dataset.keys.split(" ").map((pair) => pair.split(":")));

  // As many places stand side by side as begin at the height of the first.
  const across = (all) => Math.max(1, all.filter((card) => card.offsetTop === all[0].offsetTop).length);

  const move = (all, from, key) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across(all), ArrowUp: -across(all) }[key];
    const to = all[Math.min(Math.max(from + step, 0), all.length - 1)];
    to.focus();
    to.scrollIntoView({ block: "nearest" });
  };

  addEventListener("keydown", (event) => {
    if (!grid() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=radio]), select, textarea")) return;
    const all = cards();
    const card = event.target.closest(".crop");
    if (event.key.startsWith("Arrow") && all.length && (card || event.target === document.body)) {
      event.preventDefault();
      if (card) move(all, all.indexOf(card), event.key);
      else all[0].focus();
      return;
    }
    const word = keys().get(event.key.toLowerCase());
    const wanted = word && ((card && card.querySelector(`[data-word="${word}"]`)) || document.querySelector(`[role=status] [data-word="${word}"]`));
    if (!wanted || (card && document.querySelector(".htmx-request:not(#pulse)"))) return;
    event.preventDefault();
    if (card && wanted.closest(".crop")) goOnFrom = card.dataset.next === undefined ? card.id : (all[all.indexOf(card) + 1] ?? card).id;
    wanted.click();
  });

  // The part that came takes the place of the old one: whoever stood on a place stands on it again.
  document.addEventListener("htmx:beforeSwap", () => {
    goOnFrom ||= document.activeElement?.closest(".crop")?.id ?? "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    const card = goOnFrom && document.getElementById(goOnFrom);
    goOnFrom = "";
    if (card && !card.contains(document.activeElement)) card.focus({ preventScroll: true });
  });
})();
