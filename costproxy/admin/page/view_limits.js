// Quotas as upstreams state them, and what applications make of being refused.

import { fill, h } from "./dom.js";
import { ago, count, percent, seconds, UNKNOWN, when } from "./format.js";
import { badge, named, section, table, tile } from "./parts.js";
import { plain } from "./words.js";

const LOW = 0.2; // of a quota

export function limits(main) {
  const tiles = h("div.tiles");
  const refusals = h("div");
  const quotas = h("div");
  fill(main, h("div.heading", {}, h("h1", {}, "Limits")), tiles, refusals, quotas);
  return {
    request: () => ["limits", {}],
    draw(data) {
      fill(tiles, drawTiles(data));
      fill(refusals, drawRefusals(data));
      fill(quotas, drawQuotas(data));
    },
  };
}

function drawTiles({ quotas, refusals }) {
  const sum = (name) => refusals.reduce((total, each) => total + each[name], 0);
  const refused = refusals.reduce((total, each) => total + each.refused.reduce((all, reason) => all + reason.count, 0), 0);
  const low = quotas.filter((each) => each.ratio !== null && each.ratio <= LOW).length;
  const storms = refusals.filter((each) => each.storming).length;
  return [
    tile("Refused", count(refused), { sub: `of ${count(sum("requests"))} requests; about ${count(sum("tokens_in_vain"))} tokens sent only to be refused`, tone: refused ? "warn" : null }),
    tile("Low quotas", count(low), { sub: `${percent(LOW)} or less left, of ${count(quotas.length)}`, tone: low ? "warn" : null }),
    tile("Retried too early", count(sum("too_early")), { sub: "before the time that a refusal named", tone: sum("too_early") ? "bad" : null }),
    tile("Retried in vain", count(sum("in_vain")), { sub: "after a refusal that no retrying can help", tone: sum("in_vain") ? "bad" : null }),
    tile("Retry storms", count(storms), { sub: "now", tone: storms ? "bad" : null }),
  ];
}

function drawRefusals({ refusals, at }) {
  const columns = [
    { name: "Application", cell: (row) => h("span.badges", {}, named(row.app), row.storming ? badge("retry storm", "bad", "It mostly repeats itself against an upstream that refuses") : null) },
    { name: "Model", cell: (row) => named(row.model) },
    { name: "Upstream", cell: (row) => row.upstream },
    { name: "Refused for", cell: (row) => h("span.badges", {}, row.refused.map((each) => badge(`${plain(each.reason)} ${count(each.count)}`))) },
    { name: "Requests", number: true, cell: (row) => count(row.requests) },
    { name: "Retries", number: true, cell: (row) => count(row.retries) },
    { name: "Too early", number: true, cell: (row) => count(row.too_early) },
    { name: "In vain", number: true, cell: (row) => count(row.in_vain) },
    { name: "Last", number: true, cell: (row) => h("time", { title: when(row.last) }, ago(row.last, at)) },
  ];
  return section("Refusals", "Since each was refused first. Rejected requests are not billed.", table(columns, refusals, { caption: "Refusals", empty: "No request was refused." }));
}

function drawQuotas({ quotas }) {
  const columns = [
    { name: "Of", cell: (row) => named(row.owner) },
    { name: "Model", cell: (row) => named(row.model) },
    { name: "Upstream", cell: (row) => row.upstream },
    { name: "Quota", cell: (row) => `${plain(row.resource)}${row.window === "unknown" ? "" : ` per ${row.window}`}` },
    { name: "Left", cell: rest },
    { name: "Remaining", number: true, cell: (row) => count(row.remaining) },
    { name: "Limit", number: true, cell: (row) => count(row.limit) },
    { name: "Resets in", number: true, cell: (row) => (row.resets_in === 0 ? "is reset" : seconds(row.resets_in)) },
    { name: "Used up in", number: true, title: "At the pace of late", cell: (row) => seconds(row.exhausted_in) },
  ];
  return section("Quotas", "As stated in the upstream's last replies; what is not renewed for five minutes is left out.",
    table(columns, quotas, { caption: "Quotas, fullest use first", empty: "No upstream states quotas in its replies." }));
}

function rest(row) {
  if (row.ratio === null) return UNKNOWN;
  const tone = row.ratio <= 0.05 ? "bad" : row.ratio <= LOW ? "warn" : "good";
  return h(`span.gauge.${tone}`, {}, h("span.track", { "aria-hidden": "true" }, h("span", { vars: { share: `${row.ratio * 100}%` } })), h("span.figure", {}, percent(row.ratio)));
}
