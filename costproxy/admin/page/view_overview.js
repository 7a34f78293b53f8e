// The state of things at a glance.

import { Chart } from "./chart.js";
import { fill, h } from "./dom.js";
import { bases, clock, count, dollars, dollarsAt, percent, plural, seconds, short, spent } from "./format.js";
import { bar, named, section, table, tile } from "./parts.js";
import { change, link } from "./route.js";

const RANGES = { "15m": "15 minutes", "1h": "hour", "6h": "6 hours", "24h": "24 hours" };
const DEFAULT = "15m";
const LEAST_STEPS = 30; // of a chart, however short the record is

export function overview(main) {
  const picks = Object.keys(RANGES).map((range) => h("button", { type: "button", onclick: () => change({ range }), "data-range": range }, range));
  const tiles = h("div.tiles");
  const since = h("p.quiet");
  const shares = h("div");
  const charts = makeCharts();
  fill(main, h("div.heading", {}, h("h1", {}, "Overview"), h("div.picks", { role: "group", "aria-label": "Range" }, picks)),
    tiles, h("div.charts", {}, Object.values(charts).map((chart) => chart.element)), shares, since);
  return {
    request: (route) => ["overview", { range: rangeOf(route) }],
    draw(data) {
      for (const each of picks) each.setAttribute("aria-pressed", String(each.dataset.range === data.range));
      fill(tiles, drawTiles(data));
      drawCharts(charts, data);
      fill(shares, drawShares(data));
      since.textContent = `Recorded since ${clock(data.since)}, ${seconds(data.at - data.since)} ago; one bar is ${seconds(data.step)}. Days begin at midnight UTC.`;
    },
    close: () => Object.values(charts).forEach((chart) => chart.close()),
  };
}

function rangeOf(route) {
  return Object.hasOwn(RANGES, route.parameters.range ?? "") ? route.parameters.range : DEFAULT;
}

function drawTiles(data) {
  const { prompt, conversations: near } = data;
  const all = prompt.new + prompt.resent;
  const resent = all ? prompt.resent / all : null;
  const over = near.over.map((each) => `≥\u00a0${each.percent}\u00a0%:\u00a0${count(each.conversations)}`).join(" · ");
  const split = all ? bar([{ share: prompt.resent / all, color: "resent", title: "sent again" }, { share: prompt.new / all, color: "new", title: "new" }],
    `${percent(resent)} of prompt tokens were sent before`) : null;
  const other = data.failed ? `${plural(data.failed, "other failure")} of ${plural(data.requests, "request")}` : `of ${plural(data.requests, "request")}`;
  return [
    tile("Spend rate", h("span", {}, spent(data.per_hour), h("small", {}, " / h")), { sub: "pace of the last 5 minutes", title: bases(data.per_hour) }),
    tile("Spend today", spent(data.today), { sub: bases(data.today), tone: data.today.unknown ? "warn" : null }),
    tile("Sent again", percent(resent), { extra: split, sub: `${dollars(prompt.resent_cost)} sent again, ${dollars(prompt.new_cost)} new, of known prompts`,
      title: prompt.apportioned ? `${count(prompt.apportioned)} of ${count(all)} tokens are told apart by estimated sizes` : null }),
    near.enabled ? tile("Active conversations", count(near.active), { sub: `of ${count(near.tracked)} remembered`, href: link("conversations", { state: "active" }) })
      : tile("Active conversations", "off", { sub: "conversations are not told apart" }),
    tile("Near the limit", count(near.near_limit), { sub: over ? `window ${over}` : "3 turns left or fewer", tone: near.near_limit ? "warn" : null,
      href: link("conversations", { state: "near_limit", sort: "turns_left", order: "asc" }), title: "Active conversations with 3 turns left or fewer" }),
    tile("Rate limited", count(data.rate_limited), { sub: other, tone: data.rate_limited ? "bad" : null, href: link("limits") }),
  ];
}

function makeCharts() {
  const state = { data: null };
  const head = (index) => stretch(state, index);
  const money = (value) => dollars(value);
  const charts = {
    spend: new Chart({ title: "Spend", axis: dollarsAt, head, parts: [
      { name: "reported", color: "reported", value: money }, { name: "computed", color: "computed", value: money }, { name: "estimated", color: "estimated", value: money }],
    more: (index) => (state.data?.unknown[index] ? [`${plural(state.data.unknown[index], "request")} of unknown cost`] : []) }),
    tokens: new Chart({ title: "Tokens", axis: short, head, parts: [
      { name: "sent again", color: "resent", value: count }, { name: "new", color: "new", value: count }, { name: "completion", color: "completion", value: count }] }),
    requests: new Chart({ title: "Requests", axis: short, head, parts: [
      { name: "other", color: "plain", value: count }, { name: "rate limited", color: "bad", value: count }, { name: "failed", color: "failed", value: count }] }),
  };
  charts.spend.state = state;
  return charts;
}

function stretch(state, index) {
  const begin = state.data.at[index];
  return `${clock(begin)} – ${clock(begin + state.step)}`;
}

function drawCharts(charts, data) {
  const points = shown(data);
  Object.assign(charts.spend.state, { data: points, step: data.step });
  const numbers = (column) => column.map(Number);
  charts.spend.draw(points.at, [numbers(points.reported), numbers(points.computed), numbers(points.estimated)],
    `Spend, ${dollars(data.spend.total)} in the range; arrow keys go through the bars`);
  charts.tokens.draw(points.at, [points.resent, points.new, points.completion],
    `Tokens: ${count(data.prompt.resent)} sent again, ${count(data.prompt.new)} new, ${count(data.prompt.completion)} generated; arrow keys go through the bars`);
  const fine = points.requests.map((all, index) => all - points.rate_limited[index] - points.failed[index]);
  charts.requests.draw(points.at, [fine, points.rate_limited, points.failed],
    `Requests: ${count(data.requests)}, of them ${count(data.rate_limited)} rate limited and ${count(data.failed)} failed; arrow keys go through the bars`);
  charts.spend.note.textContent = `${spent(data.spend)} in the range: ${bases(data.spend)}`;
  charts.tokens.note.textContent = data.prompt.apportioned
    ? `New and sent again are told apart by estimated sizes in ${percent(data.prompt.apportioned / (data.prompt.new + data.prompt.resent || 1))} of prompt tokens`
    : "New and sent again are told from bills";
  charts.requests.note.textContent = `${plural(data.warnings, "warning")} of context windows, ${plural(data.mistakes, "mistake")} of applications`;
}

// Leave out the time before the record began, but for a few steps.
function shown(data) {
  const first = data.points.at.findIndex((at) => at + data.step > data.since);
  const from = Math.max(0, Math.min(first < 0 ? 0 : first, data.points.at.length - LEAST_STEPS));
  return Object.fromEntries(Object.entries(data.points).map(([name, column]) => [name, column.slice(from)]));
}

function drawShares(data) {
  const most = Math.max(...data.shares.map((each) => Number(each.spend.total)), 0);
  const columns = [
    { name: "Application", cell: (row) => named(row.app) },
    { name: "Model", cell: (row) => named(row.model) },
    { name: "Spend", number: true, cell: (row) => h("span", { title: bases(row.spend) }, spent(row.spend)) },
    { name: "Share", cell: (row) => (most ? bar([{ share: Number(row.spend.total) / most, color: "computed" }], percent(Number(row.spend.total) / (Number(data.spend.total) || 1))) : "") },
    { name: "Requests", number: true, cell: (row) => count(row.requests) },
    { name: "Prompt tokens", number: true, cell: (row) => short(row.prompt) },
    { name: "Sent again", number: true, cell: (row) => (row.prompt ? percent(row.resent / row.prompt) : percent(null)) },
  ];
  return section("Where it goes", null, table(columns, data.shares, { caption: "Spend by application and model", empty: "No request in this range." }));
}
