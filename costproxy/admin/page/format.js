// Numbers and times as people read them. null is unknown and becomes a dash, never 0.

export const UNKNOWN = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

// Names come from strangers: what does not show, or turns the text around it, is shown as a sign of its own.
export function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd");
}

export function count(value) {
  return value === null || value === undefined ? UNKNOWN : whole.format(value);
}

// 1234567 -> 1.23M; for places with little room.
export function short(value) {
  if (value === null || value === undefined) return UNKNOWN;
  for (const [size, unit] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${trimmed(value / size)}${unit}`;
  }
  return trimmed(value);
}

function trimmed(value) {
  return String(Number(value.toPrecision(3)));
}

// `amount` is decimal text; small amounts keep two digits that say something.
export function dollars(amount) {
  if (amount === null || amount === undefined) return UNKNOWN;
  const value = Number(amount);
  if (value === 0) return "$0";
  if (value >= 1) return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  const digits = value >= 0.01 ? 3 : 2;
  return `$${value.toLocaleString("en-US", { minimumSignificantDigits: digits, maximumSignificantDigits: digits, useGrouping: false })}`;
}

// A label on a scale: as many digits as its neighbours need to differ.
export function dollarsAt(tick, ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 1;
  return `$${tick.toFixed(Math.min(9, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))))}`;
}

// An amount that is in part an estimate says so.
export function spent(amount) {
  if (amount.total === "0" && amount.unknown > 0) return UNKNOWN;
  const isEstimated = amount.estimated !== null && Number(amount.estimated) > 0;
  return `${isEstimated ? "≈ " : ""}${dollars(amount.total)}`;
}

// What the amount is told from, for a second line or a tooltip.
export function bases(amount) {
  if (amount.computed === null) return "not known how much of it is reported, computed or estimated";
  const parts = ["reported", "computed", "estimated"].filter((basis) => Number(amount[basis]) > 0);
  const words = parts.map((basis) => `${dollars(amount[basis])} ${basis}`);
  if (amount.unknown > 0) words.push(`${plural(amount.unknown, "request")} of unknown cost`);
  return words.join(" · ") || "nothing yet";
}

export function percent(ratio, digits = 0) {
  if (ratio === null || ratio === undefined) return UNKNOWN;
  const least = 10 ** -digits;
  if (ratio > 0 && ratio * 100 < least / 2) return `<\u00a0${least}\u00a0%`;
  return `${(ratio * 100).toFixed(digits)}\u00a0%`;
}

export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function seconds(value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  if (value < 172800) return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
  return `${Math.round(value / 86400)} days`;
}

export function ago(moment, now) {
  const value = Math.max(0, now - moment);
  if (value < 5) return "just now";
  if (value < 60) return `${Math.floor(value)} s ago`;
  if (value < 3600) return `${Math.floor(value / 60)} min ago`;
  return `${Math.floor(value / 3600)} h ago`;
}

export function clock(moment) {
  return new Date(moment * 1000).toLocaleTimeString("en-GB");
}

export function when(moment) {
  return new Date(moment * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}
