// How far the numbers can be trusted.

import { fill, h } from "./dom.js";
import { count, dollars, percent, plural, seconds, when } from "./format.js";
import { bar, named, section, table, tile } from "./parts.js";
import { plain } from "./words.js";

const OLD = 90 * 86_400; // seconds from which a price table is called old
const DRIFTING = 0.01;

export function health(main) {
  const tiles = h("div.tiles");
  const parts = h("div.grid");
  const foot = h("p.quiet");
  fill(main, h("div.heading", {}, h("h1", {}, "The meter's health")), tiles, parts, foot);
  return {
    request: () => ["health", {}],
    draw(data) {
      fill(tiles, drawTiles(data));
      fill(parts, drawParts(data));
      foot.textContent = `costproxy ${data.version}, running since ${when(data.started)}; all counts are since then.`;
    },
  };
}

function drawTiles(data) {
  const sum = (list, name = "count") => list.reduce((total, each) => total + each[name], 0);
  const tokens = data.exact + data.adjusted + data.estimated;
  const share = (value) => (tokens ? value / tokens : 0);
  const lost = sum(data.failures);
  const worst = data.drift.reduce((most, each) => Math.max(most, Math.abs(each.ratio - 1)), 0);
  const age = data.price_table?.age ?? null;
  return [
    tile("Unpriced requests", count(sum(data.unpriced, "requests")), { sub: "of unknown cost, which is not 0", tone: data.unpriced.length ? "warn" : "good" }),
    tile("Unmetered", count(sum(data.unmetered)), { sub: "passed, but could not be read", tone: data.unmetered.length ? "warn" : "good" }),
    tile("Estimated tokens", tokens ? percent(share(data.estimated), 1) : "–", { sub: `${count(data.estimated)} of ${count(tokens)}`,
      extra: tokens ? bar([{ share: share(data.exact), color: "good", title: "exact" }, { share: share(data.adjusted), color: "warn", title: "adjusted" }, { share: share(data.estimated), color: "estimated", title: "estimated" }], "Tokens by quality") : null }),
    tile("Drift of prices", data.drift.length ? percent(worst, 2) : "–", { sub: data.drift.length ? "largest, reported against computed" : "no biller states its costs", tone: worst > DRIFTING ? "warn" : null }),
    tile("Lost records", count(lost), { sub: lost ? "a defect, or a full disk" : "nothing was lost", tone: lost ? "bad" : "good" }),
    tile("Price table", data.price_table?.version ?? "–", { sub: age === null ? "none" : `read ${seconds(age)} ago`, tone: age !== null && age > OLD ? "warn" : null }),
  ];
}

function drawParts(data) {
  const reasons = (title, note, list, empty) => section(title, note, table([
    { name: "What", cell: (row) => plain(row.reason) }, { name: "Count", number: true, cell: (row) => count(row.count) }], list, { caption: title, empty }));
  const labelled = (title, note, list, empty) => section(title, note, table([
    { name: "What", cell: (row) => plain(row.name) }, { name: "Upstream", cell: (row) => row.upstream }, { name: "Count", number: true, cell: (row) => count(row.count) }], list, { caption: title, empty }));
  return [
    section("Unpriced models", "Nobody knows what these cost: set prices under [models] in the settings.", table([
      { name: "Model", cell: (row) => named(row.model) }, { name: "Upstream", cell: (row) => row.upstream },
      { name: "Requests", number: true, cell: (row) => count(row.requests) }, { name: "Tokens", number: true, cell: (row) => count(row.tokens) }],
    data.unpriced, { caption: "Unpriced models", empty: "Every request has a price." })),
    labelled("Unmetered exchanges", "They passed untouched; only their numbers are missing.", data.unmetered, "Every exchange could be read."),
    labelled("Usage missing", "Their tokens are estimated where something was seen of them.", data.usage_missing, "Every reply came with its usage."),
    labelled("Contradictions", "Reported usage that contradicted itself, and was repaired.", data.anomalies, "No usage contradicted itself."),
    section("Reported against computed", "Where the biller states the cost and a price list has it too.", table([
      { name: "Model", cell: (row) => named(row.model) }, { name: "Reported", number: true, cell: (row) => dollars(row.reported) },
      { name: "Computed", number: true, cell: (row) => dollars(row.computed) }, { name: "Ratio", number: true, cell: (row) => row.ratio.toFixed(4) }],
    data.drift, { caption: "Reported against computed cost", empty: "No biller states its costs." })),
    reasons("Who said what it cost", `${plural(data.requests, "request")} in all, ${count(data.in_flight)} under way.`, data.cost_sources, "No request so far."),
    reasons("Who said how large the window is", null, data.limit_sources, "No request so far."),
    reasons("Lost records", "Where a record could not be kept. Requests are never touched by it.", data.failures, "Nothing was lost."),
    reasons("Names beyond the caps", "Counted under other in /metrics.", data.overflow, "No name was left out."),
    reasons("Conversations forgotten", "If one goes on after that, it counts as a new one.", data.forgotten, "None was forgotten."),
  ];
}
