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

  // A field that is not right is shown, also one that is folded away: the browser says what is wrong of what it can show.
  addEventListener("invalid", (event) => {
    for (let at = event.target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
  }, true);

  // A form that is being sent says so, and is not sent twice. After a file (data-file) the page is still there.
  addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || event.defaultPrevented || event.target.matches("[data-file]")) return;
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
  const asked = (event) => event.detail.requestConfig.verb === "get";
  document.addEventListener("htmx:afterRequest", (event) => { if (asked(event) && event.detail.successful) renewed(true); });
  for (const failed of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {  // but not one that gave way to another
    document.addEventListener(failed, (event) => { if (asked(event)) renewed(false); });
  }
  document.addEventListener("stream", (event) => renewed(event.detail));  // a page that is told: true, or false once it is not

  // A part that renews itself leaves whoever stands on a link or a button of it there. What has an id htmx finds itself.
  let stoodOn = "";
  const wayTo = (element) => {
    const [form, href] = [element.form?.getAttribute("action"), element.getAttribute("href")];
    if (form) return `form[action="${CSS.escape(form)}"] ${element.localName}${element.value ? `[value="${CSS.escape(element.value)}"]` : ""}`;
    return href ? `a[href="${CSS.escape(href)}"]` : "";
  };
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const at = document.activeElement;
    stoodOn = at && detail.target.contains(at) && !at.id ? wayTo(at) : "";
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (stoodOn && document.activeElement === document.body) document.querySelector(stoodOn)?.focus({ preventScroll: true });
    stoodOn = "";
  });

  // What somebody did and the server did not take is told, until something is taken. Forms with files say it themselves.
  const untaken = document.getElementById("untaken");
  let told = "";
  const tell = (why) => {
    told = why;
    untaken.hidden = !why;
    for (const each of untaken.children) each.hidden = each.dataset.why !== why;
  };
  const byHand = ({ detail: { requestConfig: { verb, triggeringEvent } }, target }) => (
    (verb === "post" || triggeringEvent?.type === "click") && !target.closest("[hx-encoding]"));
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr: { status }, successful } = event.detail;
    if (status === 401) tell("signed-out");  // what is typed stays, while one signs in beside it
    else if (successful && told === "signed-out") tell("");
    else if (status && byHand(event)) tell(successful ? "" : "refused");
  });
  for (const failed of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failed, (event) => { if (byHand(event)) tell("unsent"); });
  }

  copyable(document);
  document.addEventListener("htmx:afterSwap", (event) => copyable(event.detail.target));
})();
