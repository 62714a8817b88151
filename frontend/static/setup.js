// What setting up needs besides the console's own script. Every form works without it.
"use strict";

(() => {
  // A new lot is most likely where its owner sits: the browser's own time zone is chosen first.
  const zones = document.querySelector("select[data-guess-zone]");
  if (zones) {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...zones.options].some((option) => option.value === here)) zones.value = here;
  }

  // While a camera is waited for: the server tells when its first picture comes, and htmx fetches what it shows.
  // It also asks now and then by itself, and what comes takes the old part's place.
  const waiting = () => document.querySelector("[data-waits]");
  if (waiting()) {
    let came = false;
    const fetchIt = () => { if (came && waiting()) htmx.trigger(waiting(), "came"); };
    // What was asked for before the picture came knows nothing of it, and has taken the place of what asked since.
    document.addEventListener("htmx:afterSettle", () => { fetchIt(); came = false; });
    const letGo = follow(waiting().dataset.waits, {
      camera: (told) => {
        const words = waiting()?.querySelector("[data-told]");
        if (words && words.textContent !== told.words) words.textContent = told.words;
        came = told.came;
        if (came) letGo();
        fetchIt();
      },
    });
  }

  // Where a display hangs is picked in the drawn plan; the fields beside it say the same in numbers.
  const plan = document.querySelector("[data-pick] svg[viewBox]");
  if (plan) {
    plan.addEventListener("click", (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plan.getScreenCTM().inverse());
      const [x, y] = [Math.max(0, Math.round(at.x)), Math.max(0, Math.round(at.y))];
      document.querySelector("#f-x").value = x;
      document.querySelector("#f-y").value = y;
      document.querySelector("[data-picked]").textContent = `It hangs ${x} from the left and ${y} from the top. Make the address anew.`;
    });
  }
})();
