// A form with files (`data-sending`): they may be dropped on it, and how far the sending is is told. Without this file
// the form works all the same; the browser then shows its own progress.
"use strict";

(() => {
  const form = () => document.querySelector("form[data-sending]");
  const show = (percent) => {
    const box = document.getElementById("sending");
    if (!box) return;
    box.hidden = percent === null;
    if (percent === null) return;
    const { sending, sent } = form().dataset;
    document.getElementById("sent").value = percent;
    document.getElementById("sent-words").textContent = percent < 100 ? `${sending}, ${percent} %` : `${sent}, one moment`;
  };
  const idle = () => {
    show(null);
    for (const button of form()?.querySelectorAll("[aria-busy=true]") ?? []) button.removeAttribute("aria-busy");
  };
  const over = (event) => event.target.closest?.("[data-drop]");

  document.addEventListener("dragover", (event) => {
    const zone = over(event);
    if (!zone) return;
    event.preventDefault();
    zone.dataset.over = "";
  });
  document.addEventListener("dragleave", (event) => over(event)?.removeAttribute("data-over"));
  document.addEventListener("drop", (event) => {
    const zone = over(event);
    if (!zone) return;
    event.preventDefault();
    zone.removeAttribute("data-over");
    const input = zone.querySelector("input[type=file]");
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form()) return;
    if (event.defaultPrevented) idle();
    else show(0);
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    if (event.target === form() && event.detail.lengthComputable && event.detail.total) {
      show(Math.floor((100 * event.detail.loaded) / event.detail.total));
    }
  });
  // A refused form comes back with sentences, whatever its status says, and with the files that were chosen.
  const chosen = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig?.elt !== form() || ![413, 422, 503].includes(event.detail.xhr.status)) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
    for (const input of form().querySelectorAll("input[type=file]")) chosen.set(input.id, input.files);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, files] of chosen) {
      const input = document.getElementById(id);
      if (input) input.files = files;
    }
    chosen.clear();
    form()?.querySelector("[aria-invalid=true]")?.focus();
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig?.elt !== form() && event.target !== form()) return;
    idle();
    if (!form().dataset.broken) return;
    document.getElementById("sending").hidden = false;
    document.getElementById("sent-words").textContent = form().dataset.broken;
  });
  document.addEventListener("htmx:responseError", idle);
  document.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.xhr.status === 401) idle(); });
})();
