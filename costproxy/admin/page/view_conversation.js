// One conversation, turn by turn.

import { Chart } from "./chart.js";
import { fill, h } from "./dom.js";
import { ago, bases, clock, count, dollars, percent, plural, seconds, short, spent, UNKNOWN, visible, when } from "./format.js";
import { badge, bar, gauge, named, section, table, tile, turnsLeft } from "./parts.js";
import { projection, Sketch } from "./sketch.js";
import { mistake, part, plain, source } from "./words.js";

const PARTS = ["system", "tools", "user", "assistant", "tool_results", "images", "files"];

export function conversation(main) {
  const state = { turns: [], whole: null };
  const head = h("div.heading");
  const tiles = h("div.tiles");
  const sketch = new Sketch();
  const chart = new Chart({
    title: "Tokens per request", axis: short, isTime: false, height: 300,
    parts: [{ name: "sent again", color: "resent", value: count }, { name: "new", color: "new", value: count }, { name: "completion", color: "completion", value: count }],
    head: (index) => `Step ${state.turns[index].step} · ${clock(state.turns[index].at)}`,
    more: (index) => told(state.turns[index]),
    overlay: (plot) => sketch.draw(plot), top: () => sketch.top, range: () => sketch.range,
  });
  chart.legend.append(h("li", {}, h("i.line.window"), "window"), h("li", {}, h("i.line.forecast"), "forecast"), h("li", {}, h("i.mark"), "event"));
  const fit = h("button.button.fit", { type: "button", onclick: () => { state.whole = !sketch.whole; show(); } });
  chart.element.querySelector("figcaption").append(fit);
  const composition = h("div");
  const events = h("div");
  const turns = h("div");
  fill(main, head, tiles, chart.element, h("div.pair", {}, composition, events), turns);

  function show() {
    const { conversation: row } = state.data;
    sketch.set(state.data, state.whole);
    chart.element.hidden = !state.turns.length;
    if (!state.turns.length) return;
    fit.hidden = row.context === null;
    fit.textContent = sketch.whole ? "Fit to the prompts" : "Show the whole window";
    const column = (name) => state.turns.map((turn) => turn[name]);
    chart.draw(state.turns.map((_, index) => state.data.left_out + index + 1), [column("resent"), column("new"), column("completion")],
      `Tokens of the last ${plural(state.turns.length, "request")}; arrow keys go through them`);
    chart.note.textContent = outlook(state.data);
  }

  return {
    request: (route) => [`conversations/${encodeURIComponent(route.id)}`, {}],
    draw(data) {
      Object.assign(state, { data, turns: data.turns });
      fill(head, title(data));
      fill(tiles, drawTiles(data));
      show();
      fill(composition, drawComposition(data.turns));
      fill(events, drawEvents(data.events));
      fill(turns, drawTurns(data));
    },
    close: () => chart.close(),
  };
}

function title({ conversation: row }) {
  return [h("div", {}, h("a.back", { href: "#/conversations", "data-key": "back" }, "‹ Conversations"), h("h1", {}, named(row.app)),
    h("p.quiet", {}, row.active ? h("i.dot.on") : null, named(row.model), " · upstream ", row.upstream, " · ", h("code", {}, row.id))),
  h("p.quiet", { title: when(row.began) }, `began ${clock(row.began)}, seen ${ago(row.seen, Date.now() / 1000)}`)];
}

function drawTiles({ conversation: row, next_cost: next }) {
  const again = row.prompt ? row.resent / row.prompt : null;
  const context = row.context;
  return [
    tile("Cost", spent(row.cost), { sub: bases(row.cost), tone: row.cost.unknown ? "warn" : null }),
    tile("Next turn", next === null ? UNKNOWN : `≈ ${dollars(next)}`, { sub: row.burn === null ? "an estimate" : `pace ${dollars(row.burn)} / h` }),
    tile("Context window", context === null ? "unknown" : percent(context.ratio), { extra: context === null ? null : gauge(context, row.warned),
      sub: context === null ? "nobody says how large it is" : `${count(context.used)} of ${count(context.usable)}, ${source(context.source)}`,
      tone: context !== null && context.ratio >= 0.95 ? "bad" : context !== null && context.ratio >= 0.7 ? "warn" : null }),
    tile("Turns left", turnsLeft(row), { sub: row.growth === null ? "too early to tell" : `${row.growth >= 0 ? "+" : "−"}${count(Math.abs(row.growth))} tokens a request` }),
    tile("Sent again", percent(again), { sub: row.amplification === null ? null : `× ${row.amplification.toFixed(1)} prompt tokens for each new one`,
      extra: row.prompt ? bar([{ share: again, color: "resent" }, { share: 1 - again, color: "new" }], percent(again)) : null }),
    tile("Requests", count(row.requests), { sub: `${short(row.prompt)} prompt, ${short(row.completion)} completion tokens` }),
  ];
}

function outlook(data) {
  const { conversation: row, turns } = data;
  const words = [];
  if (data.left_out) words.push(`${plural(data.left_out, "earlier request")} no longer in memory`);
  const next = projection(data);
  if (row.context === null) words.push("the window of this model is unknown, so nothing is forecast");
  else if (row.turns_left === 0) words.push("the window is full");
  else if (next !== null) words.push(`at ${row.growth >= 0 ? "+" : "−"}${count(Math.abs(row.growth))} tokens a request the window is full in ${plural(row.turns_left, "turn")}`);
  else words.push("it does not grow, or it is too early for a forecast");
  if (turns.some((turn) => turn.apportioned)) words.push("in some requests new and sent again are told apart by estimated sizes");
  if (turns.some((turn) => turn.quality === "estimated")) words.push("some token counts are estimates");
  return `${words.join("; ")}.`.replace(/^./, (letter) => letter.toUpperCase());
}

function told(turn) {
  const cost = turn.cost === null ? "cost unknown" : `${turn.basis === "estimated" ? "≈ " : ""}${dollars(turn.cost)} ${turn.basis ?? "not billed"}`;
  const events = [...turn.mistakes.map((each) => mistake(each.kind)[0]), ...turn.crossed.map((each) => `over ${each} % of the window`)];
  const found = turn.outcome === "success" ? [] : [plain(turn.failure ?? turn.outcome)];
  return [cost, turn.context === null ? "" : `${percent(turn.context.ratio)} of the window`, ...found, ...events].filter(Boolean);
}

function drawComposition(turns) {
  const last = turns.findLast((turn) => turn.composition.length);
  const note = "How the last prompt is split is always an estimate; the sum is what was billed or counted.";
  if (!last) return section("What fills the prompt", null, h("p.quiet.nothing", {}, "Of no prompt in memory this is known."));
  const sum = last.composition.reduce((total, each) => total + each.tokens, 0);
  const ordered = last.composition.toSorted((a, b) => PARTS.indexOf(a.kind) - PARTS.indexOf(b.kind));
  const swatch = (each) => `part-${PARTS.indexOf(each.kind) + 1}`;
  return section("What fills the prompt", note,
    bar(ordered.map((each) => ({ share: each.tokens / sum, color: swatch(each), title: part(each.kind) })), "Composition of the last prompt"),
    h("ul.composition", {}, ordered.map((each) => h("li", {}, h("i.swatch", { vars: { swatch: `var(--${swatch(each)})` } }), h("span", {}, part(each.kind)),
      h("span.number", {}, count(each.tokens)), h("span.number.quiet", {}, percent(each.tokens / sum))))));
}

function drawEvents(events) {
  if (!events.length) return section("Events", null, h("p.quiet.nothing", {}, "No mistake and no warning."));
  return section("Events", null, h("ol.events", {}, events.toReversed().map((event) => {
    const [name, text] = event.mistake ? mistake(event.mistake.kind) : [`Over ${event.threshold} % of the window`, "The context window filled to this threshold for the first time."];
    const where = event.mistake?.message === null || !event.mistake ? "" : ` Message ${event.mistake.message}.`;
    const price = event.mistake?.tokens ? ` ${count(event.mistake.tokens)} tokens processed again${event.mistake.cost === null ? "" : `, ${dollars(event.mistake.cost)}`}; an estimate.` : "";
    return h("li", {}, badge(`step ${event.step}`), h("div", {}, h("b", {}, name), h("p.quiet", {}, `${text}${where}${price}`)), h("time.quiet", { title: when(event.at) }, clock(event.at)));
  })));
}

function drawTurns({ turns, left_out: before }) {
  const columns = [
    { name: "Step", cell: (turn) => `${turn.step}${turn.attempt > 1 ? ` (attempt ${turn.attempt})` : ""}` },
    { name: "At", cell: (turn) => h("time", { title: when(turn.at) }, clock(turn.at)) },
    { name: "What", cell: (turn) => h("span.badges", {}, badge(plain(turn.verdict)), turn.outcome === "success" ? null : badge(plain(turn.failure ?? turn.outcome), "bad"),
      turn.mistakes.map((each) => badge(mistake(each.kind)[0], "warn", mistake(each.kind)[1])), turn.crossed.map((each) => badge(`over ${each} %`, "warn"))) },
    { name: "Sent again", number: true, cell: (turn) => mark(turn, turn.resent) },
    { name: "New", number: true, cell: (turn) => mark(turn, turn.new) },
    { name: "Cache read", number: true, cell: (turn) => count(turn.cache_read) },
    { name: "Completion", number: true, cell: (turn) => h("span", { title: turn.reasoning ? `${count(turn.reasoning)} of it reasoning` : null }, turn.quality === "estimated" ? "≈ " : "", count(turn.completion)) },
    { name: "Cost", number: true, cell: (turn) => h("span", { title: turn.basis }, turn.basis === "estimated" ? "≈ " : "", dollars(turn.cost)) },
    { name: "Window", number: true, cell: (turn) => percent(turn.context?.ratio) },
    { name: "Ended", cell: (turn) => visible(turn.finish.join(", ")) || UNKNOWN },
    { name: "Time", number: true, cell: (turn) => h("span", { title: turn.first_token === null ? null : `first token after ${seconds(turn.first_token)}` }, seconds(turn.seconds)) },
  ];
  const note = before && turns.length ? `The last ${count(turns.length)}; ${plural(before, "earlier one is", "earlier ones are")} not in memory.` : null;
  return section("Requests", note, table(columns, turns.toReversed(), { caption: "Requests, latest first", empty: "Its requests are not in memory; the sums above are." }));
}

function mark(turn, value) {
  const isEstimate = turn.apportioned || turn.quality === "estimated";
  return value === null ? UNKNOWN : h("span", { title: isEstimate ? "told by estimated sizes" : null }, isEstimate && value ? "≈ " : "", count(value));
}
