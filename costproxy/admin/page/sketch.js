// What is drawn over the bars of a conversation: its window, the forecast, and marks at its events.

import { short } from "./format.js";
import { color } from "./theme.js";

const MOST_AHEAD = 24; // requests that a forecast is drawn for
const CLOSE = 0.4; // of the window, from which on all of it is shown

// Return how the prompt is expected to grow: {from, prompt, growth, turns}; null: nothing tells.
export function projection({ conversation: row, turns, left_out: before }) {
  if (row.context === null || !row.growth || row.growth <= 0 || !row.turns_left || !turns.length) return null;
  return { from: before + turns.length, prompt: row.context.used, growth: row.growth, turns: Math.min(row.turns_left, MOST_AHEAD, Math.max(6, turns.length)) };
}

export class Sketch {
  constructor() {
    Object.assign(this, { data: null, ahead: null, whole: false });
  }

  // `whole`: show the window even if the prompts are small in it; null: as it fits.
  set(data, whole) {
    const context = data.conversation.context;
    this.data = data;
    this.ahead = projection(data);
    this.whole = context !== null && (whole ?? context.ratio >= CLOSE);
  }

  // The least height of the scale, in tokens.
  get top() {
    const context = this.data?.conversation.context;
    const reached = this.ahead ? this.ahead.prompt + this.ahead.growth * this.ahead.turns : 0;
    return Math.max(this.whole && context ? context.usable : 0, context ? Math.min(reached, context.usable) : 0);
  }

  get range() {
    const { turns, left_out: before } = this.data;
    return [before + 1, Math.max(before + turns.length, before + 6, this.ahead ? this.ahead.from + this.ahead.turns : 0)];
  }

  draw(plot) {
    if (this.data === null) return;
    const { ctx } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, 0, plot.bbox.width, plot.bbox.top + plot.bbox.height);
    ctx.clip();
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    this.drawForecast(plot, ctx);
    this.drawWindow(plot, ctx);
    this.drawMarks(plot, ctx);
    ctx.restore();
  }

  drawWindow(plot, ctx) {
    const context = this.data.conversation.context;
    if (context === null) return;
    const { left, top, width } = plot.bbox;
    const isSeen = context.usable <= plot.scales.y.max;
    ctx.strokeStyle = ctx.fillStyle = color("bad");
    ctx.textAlign = "left";
    const text = `window ${short(context.usable)}${isSeen ? "" : " ↑ above this scale"}`;
    if (!isSeen) return label(ctx, text, left + 6 * devicePixelRatio, top + 12 * devicePixelRatio);
    const y = plot.valToPos(context.usable, "y", true);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    stroke(ctx, [[left, y], [left + width, y]]);
    ctx.setLineDash([]);
    label(ctx, text, left + 6 * devicePixelRatio, y - 6 * devicePixelRatio < 12 * devicePixelRatio ? y + 14 * devicePixelRatio : y - 6 * devicePixelRatio);
  }

  drawForecast(plot, ctx) {
    if (this.ahead === null) return;
    const { from, prompt, growth, turns } = this.ahead;
    const usable = this.data.conversation.context.usable;
    const points = Array.from({ length: turns + 1 }, (_, step) => [from + step, Math.min(usable, prompt + growth * step)]);
    ctx.strokeStyle = color("forecast");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 4 * devicePixelRatio]);
    stroke(ctx, points.map(([x, y]) => [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)]));
    ctx.setLineDash([]);
  }

  drawMarks(plot, ctx) {
    const { turns, left_out: before } = this.data;
    const size = 5 * devicePixelRatio;
    turns.forEach((turn, index) => {
      if (!turn.mistakes.length && !turn.crossed.length && turn.outcome === "success") return;
      const height = (turn.resent ?? 0) + (turn.new ?? 0) + (turn.completion ?? 0);
      const x = plot.valToPos(before + index + 1, "x", true);
      const y = Math.max(size, plot.valToPos(Math.min(height, plot.scales.y.max), "y", true) - 2 * size);
      ctx.fillStyle = turn.outcome === "success" ? color("event") : color("bad");
      ctx.beginPath();
      ctx.moveTo(x, y + size);
      ctx.lineTo(x - size, y - size * 0.7);
      ctx.lineTo(x + size, y - size * 0.7);
      ctx.fill();
    });
  }
}

// Text on a patch of the background, so that bars behind it do not disturb.
function label(ctx, text, x, y) {
  const { width } = ctx.measureText(text);
  const ink = ctx.fillStyle;
  ctx.fillStyle = color("surface");
  ctx.globalAlpha = 0.85;
  ctx.fillRect(x - 3, y - 12 * devicePixelRatio, width + 6, 16 * devicePixelRatio);
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink;
  ctx.fillText(text, x, y);
}

function stroke(ctx, points) {
  ctx.beginPath();
  points.forEach(([x, y], index) => (index ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}
