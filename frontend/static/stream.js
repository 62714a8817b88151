// A page's stream of server-sent events: asked for again when it was refused, and when it says nothing for longer than the
// server is ever silent, as a line can be gone without a word. Let go of with the page, taken up when the page is back.
"use strict";

// `told`: what to do with the message of each kind; `heard` and `lost`: at every word, and when there is none any more.
// Answers how to let go of it for good.
const follow = (address, told, { heard = () => {}, lost = () => {} } = {}) => {
  const SILENCE_MS = 35000;  // the server says something at least every 15 s
  const AGAIN_MS = 3000;
  if (!window.EventSource) return () => {};
  let source = null;
  let heardAt = 0;
  let again = 0;
  let ended = false;

  const close = () => {
    source?.close();
    clearTimeout(again);
    again = 0;
  };
  const open = () => {
    close();
    if (ended) return;
    const word = () => { heardAt = performance.now(); heard(); };
    heardAt = performance.now();
    source = new EventSource(address);
    source.addEventListener("ping", word);
    for (const [kind, take] of Object.entries(told)) {
      source.addEventListener(kind, (event) => { word(); take(JSON.parse(event.data)); });
    }
    source.addEventListener("error", () => {
      lost();
      if (source.readyState === EventSource.CLOSED) openLater();  // refused: the browser does not ask again
    });
  };
  const openLater = () => {
    close();
    heardAt = performance.now();
    again = setTimeout(open, AGAIN_MS);
  };

  setInterval(() => {
    if (ended || again || performance.now() - heardAt <= SILENCE_MS) return;  // a hidden page's turn comes once a minute
    lost();
    openLater();
  }, 1000);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  open();
  return () => { ended = true; close(); };
};
