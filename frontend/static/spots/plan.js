// The plan of a lot: the same picture, selection and way back as the spot editor's, on a sheet instead of a photograph.

import { Canvas } from "./canvas.js";
import { bounds, centre, clamp, readingOrder } from "./geometry.js";
import { Keeping } from "./keeping.js";
import { listen } from "./keys.js";
import { Marks } from "./marks.js";
import { Tools } from "./tools.js";

const TURN = Math.PI / 12;
const root = document.querySelector("#plan-editor");
const token = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];

const begin = async () => {
  const marks = new Marks();
  const canvas = new Canvas(root.querySelector("svg.drawing"), marks);
  canvas.stateOf = () => ["occupied", 0];   // solid lines: a plan says where spots are, not how
  const nothing = { drafting: false, giveUp() {}, finish() {}, copy() {}, add() {} };
  const tools = new Tools(canvas, marks, nothing);
  const keeping = new Keeping(document, marks, root.dataset.base, token);
  const size = document.querySelector("#plan-size");

  const turn = (angle) => {
    const chosen = marks.chosen;
    if (!chosen.length) return;
    const [x, y] = centre(chosen.flatMap((spot) => spot.polygon));
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const turned = ([a, b]) => clamp([x + (a - x) * cos - (b - y) * sin, y + (a - x) * sin + (b - y) * cos], marks.size);
    marks.replace(chosen.map((spot) => ({ ...spot, polygon: spot.polygon.map(turned) })));
  };

  // Equal bays side by side, in reading order, from where the first one is.
  const line = () => {
    const order = readingOrder(marks.chosen);
    if (order.length < 2) return;
    const boxes = order.map((spot) => bounds(spot.polygon));
    const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
    const wide = Math.min(middle(boxes.map((box) => box.right - box.left)), marks.size[0] / order.length);
    const high = middle(boxes.map((box) => box.bottom - box.top));
    const left = Math.min(boxes[0].left, marks.size[0] - wide * order.length);
    const top = Math.min(boxes[0].top, marks.size[1] - high);
    marks.replace(order.map((spot, at) => {
      const [a, b] = [left + at * wide, left + (at + 1) * wide];
      return { ...spot, polygon: [[a, top], [b, top], [b, top + high], [a, top + high]] };
    }));
  };

  const does = {
    line, left: () => turn(-TURN), right: () => turn(TURN), undo: () => marks.undo(), redo: () => marks.redo(),
    smaller: () => canvas.zoomBy(0.8), larger: () => canvas.zoomBy(1.25), fit: () => canvas.fit(),
    several: () => { tools.adding = !tools.adding; show(); },
  };
  const button = (name) => root.querySelector(`[data-do="${name}"]`);
  const show = () => {
    for (const each of root.querySelectorAll("button[data-tool]")) each.setAttribute("aria-pressed", String(each.dataset.tool === tools.tool));
    button("several").setAttribute("aria-pressed", String(tools.adding));
    button("undo").disabled = !marks.canUndo;
    button("redo").disabled = !marks.canRedo;
    button("line").disabled = marks.selected.size < 2;
    button("left").disabled = button("right").disabled = marks.selected.size === 0;
    root.querySelector("#zoom").textContent = `${Math.round(canvas.zoom * 100)} %`;
    const { chosen } = marks;
    root.querySelector("#chosen").textContent = chosen.length === 1 ? `Spot ${chosen[0].name}` : chosen.length ? `${chosen.length} spots` : "";
  };

  root.querySelector(".toolbar").addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (pressed?.dataset.tool) tools.take(pressed.dataset.tool);
    else does[pressed?.dataset.do]?.();
  });
  for (const what of ["spots", "selection"]) marks.addEventListener(what, show);
  tools.addEventListener("tool", show);
  canvas.svg.addEventListener("zoomed", show);
  listen({ canvas, marks, tools, maker: nothing, save: () => keeping.save(), fixed: true });

  const sheet = root.querySelector("svg.drawing > rect");
  const resize = (width, height) => {
    marks.resize([width, height]);
    sheet.setAttribute("width", width);
    sheet.setAttribute("height", height);
    canvas.fit();
  };
  size.addEventListener("submit", (event) => {
    event.preventDefault();
    const box = bounds(marks.spots.flatMap((spot) => spot.polygon));
    const [wide, high] = [Number(size.elements.width.value), Number(size.elements.height.value)];
    if (wide < box.right || high < box.bottom) keeping.say(`The spots need ${Math.ceil(box.right)} × ${Math.ceil(box.bottom)}; move them first.`, "warn");
    else { keeping.say(""); resize(wide, high); }
  });

  try {
    await keeping.load();
    resize(...marks.size);
    [size.elements.width.value, size.elements.height.value] = marks.size;
    tools.take("select");
    document.querySelectorAll("[data-needs-script]").forEach((element) => { element.hidden = false; });
    root.dataset.ready = "";
  } catch {
    keeping.say("The plan cannot be loaded. Reload the page to try again.", "bad");
  }
};

if (root) begin();
