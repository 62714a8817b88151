// What the console's pages need besides htmx. Every page works without it.
"use strict";

(() => {
  // A button that copies what stands in the element named by data-copy; hidden where copying is not allowed.
  const copyable = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) {
      if (!navigator.clipboard) continue;
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
        button.textContent = button.dataset.done;
      });
    }
  };

  // A form that is being sent says so, and is not sent twice.
  addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || event.defaultPrevented) return;
    if (button.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    button.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
  });

  // A page that renews itself says so when it no longer can: what it shows grows old.
  const lost = document.querySelector("[data-lost]");
  let renewedAt = performance.now();
  let ticking = 0;
  const growOld = () => {
    const seconds = (performance.now() - renewedAt) / 1000;
    const [form, n] = seconds < 60 ? [0, seconds] : seconds < 3600 ? [1, seconds / 60] : [2, seconds / 3600];
    const age = lost.dataset.units.split("|")[form].replace("{n}", Math.floor(n));
    lost.textContent = lost.dataset.lost.replace("{age}", age);
    for (const live of document.querySelectorAll(".live[data-state=live]")) live.dataset.state = "stale";
  };
  const renewed = (good) => {
    if (!lost) return;
    if (!good) {
      growOld();
      ticking ||= setInterval(growOld, 1000);
      return;
    }
    renewedAt = performance.now();
    clearInterval(ticking);
    ticking = 0;
    lost.textContent = "";
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig.verb === "get") renewed(event.detail.successful);
  });
  document.addEventListener("stream", (event) => renewed(event.detail));  // a page that is told: true, or false once it is not

  copyable(document);
  document.addEventListener("htmx:afterSwap", (event) => copyable(event.detail.target));
})();
