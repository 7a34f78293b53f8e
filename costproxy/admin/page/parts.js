// Pieces that several views show.

import { h } from "./dom.js";
import { count, percent, plural, UNKNOWN, visible } from "./format.js";
import { source } from "./words.js";

const NAMELESS = "no name";
const WIDE = 4; // columns beyond which a row is a card on a phone

// One number with its name; `tone` is "warn" or "bad".
export function tile(name, value, { sub = null, tone = null, title = null, href = null, extra = null } = {}) {
  const inner = [h("span.name", {}, name), h("span.value", {}, value), extra, sub === null ? null : h("span.sub", {}, sub)];
  const classes = `card.tile${tone ? `.${tone}` : ""}`;
  return href === null ? h(`div.${classes}`, { title }, inner) : h(`a.${classes}`, { href, title, "data-key": `tile ${name}` }, inner);
}

// A bar of shares: [{share: 0…1, color, title}].
export function bar(parts, label) {
  const pieces = parts.filter((part) => part.share > 0);
  return h("span.split", { role: "img", "aria-label": label },
    pieces.map((part) => h("span", { title: part.title, vars: { share: `${part.share * 100}%`, swatch: `var(--${part.color})` } })));
}

// How full the window is; with a word where nobody knows.
export function gauge(context, warned = 0) {
  if (context === null) return h("span.quiet", { title: "Nobody says how large this model's window is" }, "window unknown");
  const tone = context.ratio >= 0.95 ? "bad" : context.ratio >= 0.7 ? "warn" : "good";
  const text = `${count(context.used)} of ${count(context.usable)} tokens that fit beside the reply; the limit is ${source(context.source)}`;
  return h(`span.gauge.${tone}`, { title: warned ? `${text}; warned at ${warned} %` : text },
    h("span.track", { "aria-hidden": "true" }, h("span", { vars: { share: `${Math.min(1, context.ratio) * 100}%` } })),
    h("span.figure", {}, percent(context.ratio)));
}

export function turnsLeft(row) {
  if (row.turns_left === null) return row.context === null ? UNKNOWN : h("span.quiet", { title: "It does not grow, or it is too early to tell" }, UNKNOWN);
  const text = row.confident ? count(row.turns_left) : `~${count(row.turns_left)}`;
  const tone = row.turns_left === 0 ? ".bad" : row.turns_left <= 3 ? ".warn" : "";
  return h(`span.left${tone}`, { title: row.confident ? "At the pace of its last prompts" : "Told from two prompts only" }, text);
}

export function badge(text, tone = "", title = null) {
  return h(`span.badge${tone ? `.${tone}` : ""}`, { title }, text);
}

export function named(text) {
  return text === null ? h("span.quiet", {}, NAMELESS) : visible(text);
}

// A table: `columns` are {name, cell: row -> content, number, title}; the first cell of a row is its heading.
export function table(columns, rows, { caption, empty = "Nothing so far." }) {
  if (!rows.length) return h("p.quiet.nothing", {}, empty);
  const cells = (row) => columns.map((column, index) => h(`${index ? "td" : "th"}${column.number ? ".number" : ""}`,
    { scope: index ? null : "row", "data-name": column.name }, column.cell(row)));
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption, "data-key": `table ${caption}` },
    h(`table.rows${columns.length > WIDE ? ".cards" : ""}`, {}, h("caption.unseen", {}, caption),
      h("thead", {}, h("tr", {}, columns.map((column) => h(`th${column.number ? ".number" : ""}`, { scope: "col", title: column.title }, column.name)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row))))));
}

export function section(title, note, ...children) {
  return h("section.card", {}, h("h2", {}, title), note ? h("p.quiet.note", {}, note) : null, ...children);
}

export function mistakes(number) {
  return number ? badge(plural(number, "mistake"), "warn") : null;
}
