// What the page of a comparison does in a browser: draws each chart into its figure, in the colours of the scheme.

/** Plain JavaScript for the page; `uPlot` and the element #charts are there when it runs. */
export const chartScript = `
const charts = JSON.parse(document.getElementById("charts").textContent);
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = (value) => value == null ? "" : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-GB") : +value.toPrecision(4) + "";
let plots = [];
function draw() {
  for (const plot of plots) plot.destroy();
  plots = charts.map((chart) => {
    const place = document.querySelector("#" + chart.id + " .plot");
    const axis = { stroke: style("--ink"), grid: { stroke: style("--grid"), width: 1 }, ticks: { stroke: style("--grid"), width: 1 } };
    const at = (value) => chart.places === null ? number(value) : chart.places[value] ?? "";
    const range = chart.places === null ? undefined : [-0.4, chart.places.length - 0.6];
    const axisOfX = { ...axis, label: chart.axis, values: (_, ticks) => ticks.map(at) };
    if (chart.places !== null) axisOfX.splits = () => chart.x;
    const options = {
      width: place.clientWidth, height: 280,
      scales: { x: { time: false, distr: chart.logarithmic ? 3 : 1, range } },
      axes: [axisOfX, { ...axis, size: 70, values: (_, ticks) => ticks.map(number) }],
      series: [{ label: chart.axis, value: (_, value) => value == null ? "" : at(value) }].concat(chart.curves.map((curve, i) => ({
        label: curve.name, stroke: style("--curve" + (i % 6)), width: 2, dash: i >= 6 ? [6, 4] : undefined,
        spanGaps: true, points: { show: true, size: 8, fill: style("--curve" + (i % 6)) }, value: (_, value) => number(value),
      }))),
    };
    return new uPlot(options, [chart.x].concat(chart.curves.map((curve) => curve.y)), place);
  });
}
draw();
addEventListener("resize", () => {
  for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: 280 });
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
const printed = (on) => { document.documentElement.classList.toggle("printed", on); draw(); };
addEventListener("beforeprint", () => printed(true));
addEventListener("afterprint", () => printed(false));
`;
