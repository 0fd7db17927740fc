// What the page does in a browser: draws each chart into its figure, in the colours of the scheme, as wide as it may be.

/**
 * Plain JavaScript for the page; `uPlot` and the element #curves are there when it runs: a list of charts with `id`, `x` and
 * `curves` (`name`, `y`, and `colour` where it is not their number), and where they differ from a run's `axis` (step), `digits` (5), `height` (260), `places` (names of the places of x),
 * `logarithmic`, `marked` (points are shown) and `filled` (large ones).
 */
export const clientScript = `
const charts = JSON.parse(document.getElementById("curves").textContent);
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
let plots = [];
function draw() {
  for (const plot of plots) plot.destroy();
  // 1, 2 and 5 of every power of ten: the library's own marks of a logarithmic axis may leave one or none.
  const decades = (_, at, from, to) => {
    const marks = [];
    for (let ten = 10 ** Math.floor(Math.log10(from)); ten <= to; ten *= 10) marks.push(ten, 2 * ten, 5 * ten);
    return marks.filter((mark) => mark >= from && mark <= to);
  };
  plots = charts.map((chart) => {
    const place = document.querySelector("#" + chart.id + " .plot");
    const { axis: name = "step", digits = 5, height = 260, places = null } = chart;
    const number = (value) => value == null ? "" : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-GB") : +value.toPrecision(digits) + "";
    const at = (value) => value == null ? "" : places === null ? number(value) : places[value] ?? "";
    const axis = { stroke: style("--ink"), grid: { stroke: style("--grid"), width: 1 }, ticks: { stroke: style("--grid"), width: 1 } };
    const options = {
      width: place.clientWidth, height,
      scales: { x: { time: false, distr: chart.logarithmic ? 3 : 1, range: places !== null ? [-0.4, places.length - 0.6] : chart.logarithmic ? (_, from, to) => [from / 1.2, to * 1.2] : undefined } },
      axes: [{ ...axis, label: name, values: (_, ticks) => ticks.map(at), ...(places !== null && { splits: () => chart.x }), ...(chart.logarithmic && { splits: decades, filter: (_, marks) => marks }) }, { ...axis, size: 70, values: (_, ticks) => ticks.map(number) }],
      series: [{ label: name, value: (_, value) => at(value) }].concat(chart.curves.map((curve, at) => [curve, curve.colour ?? at]).map(([curve, i]) => ({
        label: curve.name, stroke: style("--curve" + (i % 6)), width: 2, dash: i >= 6 ? [6, 4] : undefined,
        spanGaps: true, points: chart.filled ? { show: true, size: 8, fill: style("--curve" + (i % 6)) } : { show: chart.marked, size: 6 }, value: (_, value) => number(value),
      }))),
    };
    return new uPlot(options, [chart.x].concat(chart.curves.map((curve) => curve.y)), place);
  });
}
draw();
addEventListener("resize", () => {
  for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: plot.height });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
const printed = (on) => { document.documentElement.classList.toggle("printed", on); draw(); };
addEventListener("beforeprint", () => printed(true));
addEventListener("afterprint", () => printed(false));
`;

/** Colours by scheme; paper is always light. The curves' colours are those of Okabe and Ito, told apart by the colour-blind. */
export const pageStyle = `
:root { color-scheme: light; --paper: #fff; --ink: #222; --quiet: #666; --grid: #ddd;
  --curve0: #0072b2; --curve1: #d55e00; --curve2: #009e73; --curve3: #cc79a7; --curve4: #8a6d00; --curve5: #56b4e9; }
@media (prefers-color-scheme: dark) { :root:not(.printed) { color-scheme: dark; --paper: #17191c; --ink: #e4e4e4; --quiet: #a0a0a0;
  --grid: #3a3d42; --curve0: #56b4e9; --curve1: #e69f00; --curve2: #00c08b; --curve3: #e39cc4; --curve4: #f0e442; --curve5: #9fc5ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .8rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1.5rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; } figcaption { font-weight: 600; margin-bottom: .3rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scroll th, .scroll td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
tr.best td { font-weight: 600; } .scroll th { color: var(--quiet); font-weight: 500; } .u-legend { color: var(--ink); }
@media print { body { padding: 0; max-width: none; } }
`;
