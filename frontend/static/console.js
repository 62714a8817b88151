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

  copyable(document);
  document.addEventListener("htmx:afterSwap", (event) => copyable(event.detail.target));
})();
