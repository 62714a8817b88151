// Lanes, entrances and monitors of a lot, drawn over its plan.

import { Canvas } from "../spots/canvas.js";
import { Keeping } from "../spots/keeping.js";
import { Marks } from "../spots/marks.js";
import { listen } from "./lane_keys.js";
import { LaneLayer } from "./lane_layer.js";
import { LaneTools } from "./lane_tools.js";
import { Lanes } from "./lanes.js";

const root = document.querySelector("#drives-editor");
const token = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];
const HOW = {
  select: "Press a lane, one of its points or a monitor; drag points and monitors.",
  hand: "Drag the plan.",
  lane: "Press point after point; the last one again ends the lane. Near a lane it joins it.",
  entrance: "Press where cars come in; press it again to take it away.",
  monitor: "Press where it hangs.",
};

const begin = async () => {
  const spots = new Marks();
  const lanes = new Lanes();
  const canvas = new Canvas(root.querySelector("svg.drawing"), spots);
  canvas.stateOf = () => ["occupied", 0];
  const keeping = new Keeping(document, lanes, root.dataset.base, token);
  const tools = new LaneTools(canvas, lanes, (words, tone) => keeping.say(words, tone));
  const layer = new LaneLayer(canvas, lanes, tools);
  const oneWay = root.querySelector("#lane-form");
  const monitor = root.querySelector("#monitor-form");

  const does = {
    undo: () => lanes.undo(), redo: () => lanes.redo(), delete: () => (tools.drafting ? tools.back() : lanes.remove()),
    finish: () => tools.finish(), smaller: () => canvas.zoomBy(0.8), larger: () => canvas.zoomBy(1.25), fit: () => canvas.fit(),
    both: () => lanes.replaceLane({ ...lanes.lane, one_way: false }), one: () => lanes.replaceLane({ ...lanes.lane, one_way: true }),
    turn: () => lanes.replaceLane({ ...lanes.lane, points: lanes.lane.points.toReversed() }),
  };
  const button = (name) => root.querySelector(`[data-do="${name}"]`);

  const show = () => {
    for (const each of root.querySelectorAll("button[data-tool]")) each.setAttribute("aria-pressed", String(each.dataset.tool === tools.tool));
    button("undo").disabled = !lanes.canUndo;
    button("redo").disabled = !lanes.canRedo;
    button("delete").disabled = !lanes.selected && !tools.drafting;
    button("finish").disabled = tools.draft.length < 2;
    root.querySelector("#zoom").textContent = `${Math.round(canvas.zoom * 100)} %`;
    root.querySelector("#how-to").textContent = HOW[tools.tool];
    const { lane, monitor: hung } = lanes;
    oneWay.hidden = !lane;
    if (lane) {
      button("both").setAttribute("aria-pressed", String(!lane.one_way));
      button("one").setAttribute("aria-pressed", String(lane.one_way));
      button("turn").disabled = !lane.one_way;
    }
    monitor.hidden = !hung;
    if (hung && document.activeElement?.form !== monitor) {
      for (const name of ["name", "heading", "zone"]) monitor.elements[name].value = hung[name];
    }
    const names = { lane: "A lane", node: "A point of a lane", monitor: hung?.name };
    root.querySelector("#chosen").textContent = tools.drafting ? `${tools.draft.length} points` : names[lanes.selected?.kind] ?? "";
  };

  root.addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (pressed?.dataset.tool) tools.take(pressed.dataset.tool);
    else does[pressed?.dataset.do]?.();
  });
  monitor.addEventListener("submit", (event) => event.preventDefault());
  monitor.addEventListener("change", () => {
    if (!lanes.monitor) return;
    const { name, heading, zone } = monitor.elements;
    lanes.replaceMonitor({ ...lanes.monitor, name: name.value.trim() || lanes.monitor.name, heading: Number(heading.value), zone: zone.value });
  });
  for (const what of ["spots", "selection"]) lanes.addEventListener(what, show);
  for (const what of ["tool", "draft", "cursor"]) tools.addEventListener(what, show);
  canvas.svg.addEventListener("zoomed", show);
  listen({ canvas, lanes, tools, save: () => keeping.save() });

  // What a saved plan means is the server's word: the lists beside the drawing come from it.
  lanes.addEventListener("saved", async () => {
    const answer = await fetch(root.dataset.base);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#drives-lists");
    if (answer.ok && fresh) document.querySelector("#drives-lists").replaceWith(fresh);
  });

  try {
    const plan = await keeping.load();
    spots.load(plan);
    canvas.fit();
    layer.draw();
    tools.take("select");
    document.querySelectorAll("[data-needs-script]").forEach((element) => { element.hidden = false; });
    root.dataset.ready = "";
  } catch {
    keeping.say("The plan cannot be loaded. Reload the page to try again.", "bad");
  }
};

if (root) begin();
