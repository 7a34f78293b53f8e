// Stacked bars with uPlot, in the page's colours, with a tooltip, for mouse, touch and keyboard.
/* global uPlot */

import { fill, h } from "./dom.js";
import { color } from "./theme.js";

const FONT = "12px system-ui, sans-serif";

// A chart of stacked bars. `parts` are {name, color, value: text of a value}, lowest first; `head` gives a tooltip's
// first line and `more` its further lines, both for an index; `overlay` draws onto the canvas; `top` is the least height
// of the scale.
export class Chart {
  constructor({ title, note = "", parts, height = 210, isTime = true, axis, head, more = () => [], overlay = null, top = () => 0, range = null }) {
    Object.assign(this, { parts, height, isTime, axis, head, more, overlay, top, range, columns: null, plot: null });
    this.tip = h("div.tip", { hidden: true });
    this.box = h("div.plot", { tabindex: "0", role: "img", "aria-label": title, "data-key": `chart ${title}` }, this.tip);
    this.heard = h("p.unseen", { "aria-live": "polite" });
    this.legend = h("ul.legend", {}, parts.map((part) => h("li", {}, h("i.swatch", { vars: { swatch: `var(--${part.color})` } }), part.name)));
    this.note = h("p.quiet", {}, note);
    this.element = h("figure.card.chart", {}, h("figcaption", {}, h("h2", {}, title), this.legend), this.box, this.note, this.heard);
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    this.box.addEventListener("blur", () => this.point(null));
    this.redraw = () => this.plot?.redraw(false);
    window.addEventListener("themechange", this.redraw);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.box);
  }

  // `xs` and one column for each part; null is unknown and leaves a gap.
  draw(xs, columns, label = "") {
    this.xs = xs;
    this.columns = columns;
    this.stacked = stack(columns);
    if (label) this.box.setAttribute("aria-label", label);
    const data = [xs, ...this.stacked.toReversed()];
    if (this.plot === null) this.make(data);
    else this.plot.setData(data);
    if (this.plot?.cursor.idx !== null && !this.tip.hidden) this.tell(this.plot?.cursor.idx);
  }

  close() {
    window.removeEventListener("themechange", this.redraw);
    this.observer.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  make(data) {
    const width = this.box.clientWidth;
    if (width < 50) return;
    const bars = uPlot.paths.bars({ size: [0.78, 36], align: this.isTime ? 1 : 0 });
    const series = this.parts.toReversed().map((part) => ({
      paths: bars, points: { show: false }, width: 0, fill: () => color(part.color), stroke: () => color(part.color),
    }));
    const line = { stroke: () => color("muted"), grid: { stroke: () => color("grid"), width: 1 }, ticks: { show: false }, font: FONT };
    this.plot = new uPlot({
      width, height: this.height, legend: { show: false }, padding: [12, 20, 0, 0],
      cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
      scales: {
        x: { time: this.isTime, range: (plot, low, high) => this.reach(low, high) },
        y: { range: (plot, low, high) => [0, Math.max(high || 0, this.top() || 0, 1e-9) * 1.08] },
      },
      axes: [
        { ...line, grid: { show: false }, size: 28, space: 55, ...(this.isTime ? {} : { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] }),
          values: this.isTime ? (plot, ticks) => ticks.map((tick) => times(tick, ticks)) : (plot, ticks) => ticks.map(String) },
        { ...line, size: 62, space: 36, values: (plot, ticks) => ticks.map((tick) => this.axis(tick, ticks)) },
      ],
      series: [{}, ...series],
      hooks: {
        setCursor: [(plot) => this.tell(plot.cursor.idx)],
        draw: [(plot) => this.overlay?.(plot)],
      },
    }, data, this.box);
  }

  // Return what the x scale shows: all bars whole, and more if `range` says so.
  reach(low, high) {
    if (low === null) return [0, 1];
    const step = this.xs.length > 1 ? this.xs[1] - this.xs[0] : 1;
    const wider = this.range?.() ?? [low, high];
    return this.isTime ? [low, high + step] : [Math.min(low, wider[0]) - 0.6, Math.max(high, wider[1]) + 0.6];
  }

  resize() {
    if (this.columns === null) return;
    if (this.plot === null) this.draw(this.xs, this.columns);
    else if (this.box.clientWidth > 50 && this.box.clientWidth !== this.plot.width) this.plot.setSize({ width: this.box.clientWidth, height: this.height });
  }

  onKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") return this.point(null);
    if (this.plot === null || !(event.key in steps)) return;
    event.preventDefault();
    const last = this.xs.length - 1;
    const from = this.tip.hidden || this.plot.cursor.idx === null ? last + (steps[event.key] < 0 ? 1 : 0) : this.plot.cursor.idx;
    this.point(Math.min(last, Math.max(0, from + steps[event.key])));
    this.heard.textContent = this.tip.innerText.replaceAll("\n", ", ");
  }

  point(index) {
    if (this.plot === null) return;
    const left = index === null ? -10 : this.plot.valToPos(this.xs[index] + this.middle(), "x");
    this.plot.setCursor({ left, top: index === null ? -10 : 10 });
  }

  middle() {
    return this.isTime && this.xs.length > 1 ? (this.xs[1] - this.xs[0]) / 3 : 0;
  }

  tell(index) {
    const isPointing = index !== null && index !== undefined && this.plot.cursor.left >= 0 && index < this.xs.length;
    this.tip.hidden = !isPointing;
    if (!isPointing) return;
    const rows = this.parts.map((part, number) => h("tr", {}, h("th", {}, h("i.swatch", { vars: { swatch: `var(--${part.color})` } }), part.name),
      h("td", {}, part.value(this.columns[number][index]))));
    const lines = this.more(index).map((text) => h("p", {}, text));
    fill(this.tip, h("b", {}, this.head(index)), h("table", {}, h("tbody", {}, rows.toReversed())), lines);
    const left = this.plot.cursor.left + this.plot.bbox.left / devicePixelRatio;
    const isRight = left > this.box.clientWidth / 2;
    this.tip.style.left = isRight ? "auto" : `${left + 14}px`;
    this.tip.style.right = isRight ? `${this.box.clientWidth - left + 14}px` : "auto";
  }
}

// Running sums over the columns; what is unknown adds nothing and stays unknown where all of it is.
function stack(columns) {
  const sums = [];
  for (const column of columns) {
    const below = sums.at(-1);
    sums.push(column.map((value, index) => (value === null && (below?.[index] ?? null) === null ? null : (value ?? 0) + (below?.[index] ?? 0))));
  }
  return sums;
}

function times(tick, ticks) {
  const options = ticks.length > 1 && ticks[1] - ticks[0] < 60 ? { timeStyle: "medium" } : { timeStyle: "short" };
  return new Date(tick * 1000).toLocaleTimeString("en-GB", options);
}
