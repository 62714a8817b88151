// Draws a report's charts from its tables, and shows the fields of the chosen period. Without it the tables are open.
// Room is left for the charts by the style sheet, so that nothing moves when they come.
"use strict";

(() => {
  const { charts: program, looks } = document.currentScript.dataset;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // Canvas knows no light-dark(): a probe tells what a token is just now.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };

  const written = (unit) => {
    if (unit === "%") return (value) => `${Math.round(value * 100)} %`;
    if (/^[A-Z]{3}$/.test(unit)) {
      const money = new Intl.NumberFormat("en", { style: "currency", currency: unit });
      const minor = 10 ** money.resolvedOptions().maximumFractionDigits;
      return (value) => money.format(value / minor);
    }
    return (value) => new Intl.NumberFormat("en").format(value);
  };

  const draw = (box) => {
    const table = document.getElementById(box.dataset.of);
    const heads = [...table.tHead.rows[0].cells];
    const shown = heads.map((head, at) => at).filter((at) => heads[at].dataset.unit !== undefined);
    const rows = [...table.tBodies[0].rows];
    const names = rows.map((row) => row.cells[0].textContent);
    const number = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));
    const data = [names.map((_, at) => at), ...shown.map((at) => rows.map((row) => number(row.cells[at])))];
    const bars = box.dataset.chart === "bars";
    const colours = ["--accent", "--free", "--reserved"].map(colour);
    const [ink, line] = [colour("--ink-soft"), colour("--line")];
    const say = written(heads[shown[0]].dataset.unit);
    const solid = shown.filter((at) => heads[at].dataset.compared === undefined);
    const series = shown.map((at) => {
      const [compared, place] = [heads[at].dataset.compared !== undefined, solid.indexOf(at)];
      const stroke = compared ? ink : colours[place % colours.length];
      const asBar = bars && !compared;
      return {
        label: heads[at].textContent, stroke, width: asBar ? 0 : 2, dash: compared ? [4, 4] : undefined,
        fill: asBar ? stroke : undefined, points: { show: false },
        paths: asBar ? uPlot.paths.bars({ size: [0.8 / solid.length, 40], align: solid.length === 1 ? 0 : place ? 1 : -1 }) : undefined,
        value: (_, value) => (value === null ? "–" : say(value)),
      };
    });
    if (bars && solid.length > 2) series.forEach((each, at) => { if (at > 1) Object.assign(each, { fill: undefined, width: 2, paths: undefined }); });
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: `12px ${style("--font") || "sans-serif"}` };
    const chart = new uPlot({
      width: Math.max(200, box.clientWidth), height: 240, series: [{ label: heads[0].textContent, value: (_, at) => names[at] ?? "–" }, ...series],
      scales: { x: { time: false, range: [-0.6, names.length - 0.4] }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), heads[shown[0]].dataset.unit === "%" ? 1 : Math.max(1, (high ?? 1) * 1.05)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 16 + 6.5 * Math.max(...names.map((name) => name.length)), values: (_, at) => at.map((each) => (Number.isInteger(each) ? names[each] ?? "" : "")), incrs: [1, 2, 3, 4, 6, 7, 12, 14, 30] },
        { ...axis, size: 74, values: (_, values) => values.map(say) },
      ],
      padding: [10, 28, 0, 0], cursor: { drag: { x: false, y: false } },
    }, data, box);
    return chart;
  };

  let charts = [];
  const drawAll = () => {
    charts.forEach(([, chart]) => chart.destroy());
    charts = [...document.querySelectorAll("[data-chart]")].map((box) => [box, draw(box)]);
  };
  for (const folded of document.querySelectorAll("details.folded")) { folded.open = false; folded.dataset.ready = ""; }

  // What draws comes when the page is there, and only if there is something to draw.
  const added = (name, given) => new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement(name), given, { onload: done, onerror: failed }));
  });
  const begin = async () => {
    await Promise.all([added("script", { src: program }), added("link", { rel: "stylesheet", href: looks })]);
    drawAll();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  };
  // Without what draws the tables are there, and so is no empty room.
  const fail = () => { for (const box of document.querySelectorAll("[data-chart]")) box.hidden = true; };
  if (document.querySelector("[data-chart]")) addEventListener("load", () => begin().catch(fail));
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => charts.forEach(([box, chart]) => chart.setSize({ width: Math.max(200, box.clientWidth), height: 240 })), 150);
  });
  addEventListener("beforeprint", () => { for (const folded of document.querySelectorAll("details.folded")) folded.open = true; });

  const length = document.querySelector("[data-length]");
  const fit = () => {
    length.form.dataset.shows = length.value;
    for (const input of document.querySelectorAll("[data-for]")) input.disabled = !input.dataset.for.split(" ").includes(length.value);
  };
  length.addEventListener("change", fit);
  addEventListener("pageshow", fit);
  fit();
})();
