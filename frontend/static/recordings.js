// The upload of a recording: a file that is too large is refused before it is sent, and a fault told at its field.
// Stands before sending.js, which hears from it that nothing is sent.
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

  document.addEventListener("change", (event) => { if (event.target.id === "f-video") tooLarge(); });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form() || !tooLarge()) return;
    event.preventDefault();
    form().elements.video.focus();
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig?.elt !== form() && event.target !== form()) return;
    tell(form().elements.video, "The connection broke while the video was sent. Nothing was kept; send it again.");
  });
})();
