// The upload of a recording: says how far it is, and refuses a file that is too large before it is sent.
// Without this file the form works all the same; the browser then shows its own progress.
"use strict";

(() => {
  const form = () => document.getElementById("upload");
  const tell = (input, sentence) => {
    const field = input.closest(".field");
    let error = field.querySelector(".error");
    if (!sentence) {
      error?.remove();
      input.removeAttribute("aria-invalid");
      return;
    }
    if (!error) {
      error = document.createElement("span");
      error.className = "error";
      error.id = `${input.id}-error`;
      field.append(error);
    }
    error.textContent = sentence;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", error.id);
  };
  const tooLarge = () => {
    const input = form()?.elements.video;
    const file = input?.files[0];
    const much = Boolean(file) && file.size > Number(form().dataset.bytesMax);
    if (input) tell(input, much ? form().dataset.tooLarge : "");
    return much;
  };
  const show = (percent) => {
    const box = document.getElementById("sending");
    if (!box) return;
    box.hidden = percent === null;
    if (percent === null) return;
    document.getElementById("sent").value = percent;
    document.getElementById("sent-words").textContent = percent < 100 ? `Uploading, ${percent} %` : "Uploaded, one moment";
  };
  const idle = () => {
    show(null);
    for (const button of form()?.querySelectorAll("[aria-busy=true]") ?? []) button.removeAttribute("aria-busy");
  };

  document.addEventListener("change", (event) => { if (event.target.id === "f-video") tooLarge(); });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form()) return;
    if (tooLarge()) { event.preventDefault(); idle(); form().elements.video.focus(); return; }
    show(0);
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
    document.querySelector("#upload [aria-invalid=true]")?.focus();
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig?.elt !== form() && event.target !== form()) return;
    idle();
    tell(form().elements.video, "The connection broke while the video was sent. Nothing was kept; send it again.");
  });
  document.addEventListener("htmx:responseError", idle);
})();
