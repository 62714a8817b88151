// Renews the list of car parks every ten seconds without moving what is being read. Without it the page reloads itself.
"use strict";

setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const cards = new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll(".lot-card");
    const here = document.querySelectorAll(".lot-card");
    if (answer.redirected || cards.length !== here.length) { location.reload(); return; }
    here.forEach((card, at) => {
      for (const part of [".lot-free", ".live"]) {
        const [old, fresh] = [card.querySelector(part), cards[at].querySelector(part)];
        if (old && fresh && old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh);
      }
    });
  } catch { /* away for a moment: the times on the page say how old it is */ }
}, 10000);
