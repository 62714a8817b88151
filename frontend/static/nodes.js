// A node's page is told when something about the node changes, and fetches it. Without this it does so now and then.
"use strict";

(() => {
  const followed = document.querySelector("[data-follows]");
  if (!followed) return;
  let shown = "";
  follow(followed.dataset.follows, {
    node: ({ version }) => {
      if (shown && version !== shown) htmx.trigger(followed, "told");
      shown = version;
    },
  });
})();
