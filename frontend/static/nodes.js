// A node's page is told when something about the node changes, and fetches it. Without this it does so now and then.
"use strict";

(() => {
  const followed = document.querySelector("[data-follows]");
  if (!followed || !window.EventSource) return;
  let source = null;
  let shown = "";
  const open = () => {
    source = new EventSource(followed.dataset.follows);
    source.addEventListener("node", (event) => {
      const { version } = JSON.parse(event.data);
      if (shown && version !== shown) htmx.trigger(followed, "told");
      shown = version;
    });
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(open, 3000); });
  };
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
})();
