// Draws the dashboard's charts from what the page brought along, and then second by second.

const KEPT = 600;
const CODES = 8;
const place = document.getElementById("charts");
const dark = matchMedia("(prefers-color-scheme: dark)");
const rows = JSON.parse(place.dataset.history);
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [], [6, 3], [2, 3], [8, 3, 2, 3]];

// A row is: time, requests, three latencies, lag, then the errors by code.
const KINDS = {
  requests: { from: 1, count: 1, fill: true, whole: true },
  latency: { from: 2, count: 3 },
  errors: { from: 6, count: CODES, whole: true },
  lag: { from: 5, count: 1, fill: true },
};
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const SHORTEST = 120;
const charts = [];

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function columns(kind) {
  const picked = [rows.map((row) => row[0])];
  for (let at = kind.from; at < kind.from + kind.count; at += 1) {
    picked.push(rows.map((row) => row[at]));
  }
  return picked;
}

function axes(whole) {
  const shared = {
    stroke: color("--soft"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  // Seconds are told while the whole picture is a few minutes.
  const clock = (self, times) => {
    const end = self.scales.x.max - self.scales.x.min > 300 ? 16 : 19;
    return times.map((time) => new Date(time * 1_000).toISOString().slice(11, end));
  };
  return [
    { ...shared, grid: { show: false }, values: clock, space: 70, size: 26 },
    { ...shared, size: 44, space: 36, ...(whole ? { incrs: WHOLE } : {}) },
  ];
}

// Without a sample yet, it is the last two minutes that nothing is known of.
function span(_, from, to) {
  const end = rows.length ? to : Date.now() / 1_000;
  return [Math.min(rows.length ? from : end, end - SHORTEST), end];
}

function draw(figure) {
  const name = figure.dataset.chart;
  const kind = KINDS[name];
  const plot = figure.querySelector(".plot");
  const series = Array.from({ length: kind.count }, (_, at) => ({
    stroke: color(`--series-${at + 1}`),
    width: 1.75,
    dash: DASHES[at],
    fill: kind.fill ? color("--series-fill") : undefined,
    points: { show: false },
  }));
  const chart = new uPlot(
    {
      width: plot.clientWidth,
      height: plot.clientHeight,
      cursor: { y: false, drag: { setScale: false }, points: { size: 6 } },
      legend: { show: false },
      padding: [8, 26, 0, 0],
      scales: {
        x: { time: true, range: span },
        y: { range: (_, low, high) => [0, Math.max(1, high * 1.15)] },
      },
      series: [{}, ...series],
      axes: axes(kind.whole),
      hooks: { setCursor: [(self) => label(figure, self)] },
    },
    columns(kind),
  );
  plot.replaceChildren(chart.root);
  charts.push({ figure, plot, chart, kind, name });
}

function shown(value, name) {
  if (value === undefined || value === null) {
    return "";
  }
  return name === "errors" ? `${value}` : value.toFixed(value < 10 && value > 0 ? 1 : 0);
}

// The legend tells the second under the cursor, else the latest one.
function label(figure, chart) {
  const name = figure.dataset.chart;
  const at = chart.cursor.idx ?? rows.length - 1;
  for (const item of figure.querySelectorAll("[data-series]")) {
    const number = Number(item.dataset.series);
    const value = item.querySelector("b");
    if (name === "errors") {
      const total = chart.data[number].reduce((sum, one) => sum + one, 0);
      item.hidden = total === 0;
      value.textContent = chart.cursor.idx === null ? `${total}` : `${chart.data[number][at]}`;
    } else {
      value.textContent = shown(chart.data[number]?.[at], name);
    }
  }
  const nothing = figure.querySelector(".nothing");
  if (nothing) {
    nothing.hidden = figure.querySelector("[data-series]:not([hidden])") !== null;
  }
}

function drawAll() {
  for (const { chart } of charts.splice(0)) {
    chart.destroy();
  }
  for (const figure of place.querySelectorAll("[data-chart]")) {
    draw(figure);
    label(figure, charts.at(-1).chart);
  }
}

document.addEventListener("sample", ({ detail }) => {
  if (rows.length && detail[0] <= rows.at(-1)[0]) {
    return;
  }
  rows.push(detail);
  rows.splice(0, rows.length - KEPT);
  for (const { figure, chart, kind } of charts) {
    chart.setData(columns(kind));
    label(figure, chart);
  }
  place.dataset.samples = `${Number(place.dataset.samples ?? 0) + 1}`;
});

new ResizeObserver(() => {
  for (const { plot, chart } of charts) {
    chart.setSize({ width: plot.clientWidth, height: plot.clientHeight });
  }
}).observe(place);
dark.addEventListener("change", drawAll);
drawAll();
