// The tariff's editor: numbers beside the lines, and what is wrong shown where it stands. The page works without it.
"use strict";

(() => {
  const box = () => document.getElementById("text-box");

  const number = () => {
    const lines = box()?.querySelector(".lines");
    if (!lines) return;
    const wanted = box().querySelector("textarea").value.split("\n").length;
    while (lines.children.length > wanted) lines.lastElementChild.remove();
    while (lines.children.length < wanted) {
      lines.append(Object.assign(document.createElement("li"), { textContent: lines.children.length + 1 }));
    }
    box().querySelector("textarea").rows = wanted + 1;
  };

  const mark = () => {
    const fault = document.getElementById("fault");
    const text = document.getElementById("f-text");
    for (const line of document.querySelectorAll(".lines [data-state]")) delete line.dataset.state;
    for (const error of document.querySelectorAll("#fields .error")) error.remove();
    for (const field of document.querySelectorAll("#fields [aria-invalid]")) field.removeAttribute("aria-invalid");
    if (text) text.toggleAttribute("aria-invalid", false);
    if (!fault) return;
    text?.setAttribute("aria-invalid", "true");
    const line = document.querySelectorAll(".lines li")[Number(fault.dataset.line) - 1];
    if (line) line.dataset.state = "wrong";
    const field = fault.dataset.field && document.getElementById(`t-${fault.dataset.field}`);
    if (!field) return;
    const words = document.createElement("span");
    words.className = "error";
    words.id = `${field.id}-error`;
    words.textContent = fault.querySelector("b").textContent;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", words.id);
    field.closest(".field").append(words);
  };

  addEventListener("input", (event) => { if (event.target.id === "f-text") number(); });
  document.addEventListener("htmx:afterSettle", () => { number(); mark(); });
})();
