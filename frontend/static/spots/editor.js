// The spot editor. Puts its parts together; each does one thing. Without it the page shows what is drawn and takes files.
// No library draws: rows in perspective, states by class, and a policy without inline styles were more work with
// Annotorious (whose zoom needs a WebGL renderer that evaluates code) or a canvas (which knows no styles and no elements).

import { watch } from "./answers.js";
import { Asks } from "./asks.js";
import { Canvas } from "./canvas.js";
import { Keeping } from "./keeping.js";
import { listen } from "./keys.js";
import { Maker } from "./maker.js";
import { Marks } from "./marks.js";
import { Opinions } from "./opinions.js";
import { Panel } from "./panel.js";
import { Suggestions } from "./suggestions.js";
import { Tools } from "./tools.js";

const root = document.querySelector("#spot-editor");
const { base } = root.dataset;
const token = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];

const marks = new Marks();
const canvas = new Canvas(root.querySelector("svg.drawing"), marks);
const maker = new Maker(canvas, marks, root.querySelector("#maker"));
const tools = new Tools(canvas, marks, maker);
const panel = new Panel(root, canvas, marks);
const keeping = new Keeping(root, marks, base, token);
const asks = new Asks(base, token);
const opinions = new Opinions(asks, canvas, marks, panel);
const suggestions = new Suggestions(root, { asks, canvas, marks, maker, tools });
const button = (name) => root.querySelector(`[data-do="${name}"]`);

root.querySelector("#suggest").addEventListener("toggle", (event) => { if (!event.target.open) suggestions.offer([]); });

const does = {
  copy: () => maker.copy(), delete: () => marks.remove(), undo: () => marks.undo(), redo: () => marks.redo(),
  smaller: () => canvas.zoomBy(0.8), larger: () => canvas.zoomBy(1.25), fit: () => canvas.fit(),
  several: () => { tools.adding = !tools.adding; show(); },
};

const show = () => {
  for (const each of root.querySelectorAll("button[data-tool]")) each.setAttribute("aria-pressed", String(each.dataset.tool === tools.tool));
  button("several").setAttribute("aria-pressed", String(tools.adding));
  button("undo").disabled = !marks.canUndo;
  button("redo").disabled = !marks.canRedo;
  button("copy").disabled = button("delete").disabled = marks.selected.size === 0;
  root.querySelector("#zoom").textContent = `${Math.round(canvas.zoom * 100)} %`;
  maker.form.hidden = !["row", "rect", "polygon"].includes(tools.tool);
  for (const tool of ["row", "polygon"]) {
    for (const element of maker.form.querySelectorAll(`.of-${tool}`)) element.hidden = tools.tool !== tool;
  }
};

root.querySelector(".toolbar").addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (!pressed) return;
  if (pressed.dataset.tool) tools.take(pressed.dataset.tool);
  else does[pressed.dataset.do]?.();
});
for (const what of ["spots", "selection"]) marks.addEventListener(what, show);
tools.addEventListener("tool", () => { if (tools.tool !== "select") maker.begins(); show(); });
maker.addEventListener("made", () => tools.take("select"));
maker.form.elements.prefix.addEventListener("input", (event) => { event.target.dataset.typed = "1"; });
canvas.svg.addEventListener("zoomed", show);
listen({ canvas, marks, tools, maker, save: () => keeping.save() });

const begin = async () => {
  try {
    const loaded = await keeping.load();
    canvas.fit();
    tools.take("select");
    root.querySelectorAll("[data-needs-script]").forEach((element) => { element.hidden = false; });
    root.dataset.ready = "";
    let shown = loaded.frame?.id;
    marks.addEventListener("saved", () => opinions.keep(marks.spots));
    opinions.keep(loaded.spots);
    watch(`${base}/events`, canvas, panel, (told) => {
      keeping.heard(told.version);
      asks.heard(told.asks);
      if (told.frame && told.frame !== shown && canvas.image) {
        shown = told.frame;
        canvas.image.setAttribute("href", `${root.dataset.picture}?frame=${shown}`);
        opinions.renew();
      }
    });
  } catch {
    keeping.say("The spots cannot be loaded. Reload the page to try again.", "bad");
  }
};

begin();
