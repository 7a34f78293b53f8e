// All conversations: sorted, filtered, page by page.

import { fill, h } from "./dom.js";
import { ago, bases, count, plural, short, spent, UNKNOWN, visible, when } from "./format.js";
import { badge, gauge, mistakes, named, turnsLeft } from "./parts.js";
import { change } from "./route.js";

const SIZE = 50;
const STATES = { all: "All", active: "Active", near_limit: "Near the limit", warned: "Warned", mistaken: "With mistakes" };
const COLUMNS = [
  { name: "Conversation", sort: "app", first: "asc", cell: heading },
  { name: "Context", sort: "context", cell: (row) => gauge(row.context, row.warned) },
  { name: "Turns left", sort: "turns_left", first: "asc", number: true, cell: turnsLeft },
  { name: "Growth", sort: "growth", number: true, title: "Tokens from one prompt to the next, of late", cell: growth },
  { name: "Requests", sort: "requests", number: true, cell: (row) => count(row.requests) },
  { name: "Prompt", sort: "prompt", number: true, title: "Prompt tokens of all its requests", cell: (row) => h("span", { title: count(row.prompt) }, short(row.prompt)) },
  { name: "Amplified", sort: "amplification", number: true, title: "Prompt tokens for each new one", cell: (row) => (row.amplification === null ? UNKNOWN : `× ${row.amplification.toFixed(1)}`) },
  { name: "Cost", sort: "cost", number: true, cell: (row) => h("span", { title: bases(row.cost) }, spent(row.cost), " ", row.cost.unknown ? badge("?", "warn", bases(row.cost)) : null) },
  { name: "Warnings", sort: "mistakes", cell: warnings },
  { name: "Last seen", sort: "seen", number: true, cell: (row, now) => h("span", { title: when(row.seen) }, ago(row.seen, now)) },
];

export function conversations(main) {
  const filters = makeFilters();
  const head = h("tr");
  const body = h("tbody");
  const empty = h("p.quiet.nothing", { hidden: true });
  const pages = h("nav.pages", { "aria-label": "Pages" });
  const found = h("p.quiet.found", { role: "status" });
  fill(main, h("div.heading", {}, h("h1", {}, "Conversations"), found), filters.element,
    h("div.card.list", {}, h("table.rows.cards", {}, h("caption.unseen", {}, "Conversations"), h("thead", {}, head), body), empty), pages);
  body.addEventListener("keydown", walk);
  return {
    request: ({ parameters }) => ["conversations", { ...wanted(parameters), size: SIZE }],
    draw(data, route) {
      const order = wanted(route.parameters);
      filters.draw(data, order);
      fill(head, COLUMNS.map((column) => sorter(column, order)));
      const now = Date.now() / 1000;
      fill(body, data.items.map((row) => line(row, now)));
      empty.hidden = data.items.length > 0;
      empty.textContent = data.all ? "No conversation fits the filter." : "No conversation yet. Point an application's base_url at the traffic port.";
      found.textContent = data.total === data.all ? plural(data.all, "conversation") : `${count(data.total)} of ${plural(data.all, "conversation")}`;
      fill(pages, pager(data));
    },
  };
}

function wanted(parameters) {
  const column = COLUMNS.find((each) => each.sort === parameters.sort);
  const state = Object.hasOwn(STATES, parameters.state ?? "") ? parameters.state : "all";
  const page = /^[1-9]\d{0,5}$/.test(parameters.page ?? "") ? parameters.page : "1";
  const order = ["asc", "desc"].includes(parameters.order) ? parameters.order : column?.first ?? "desc";
  return { sort: column?.sort ?? "seen", order, state, app: parameters.app, model: parameters.model, q: parameters.q, page };
}

function heading(row) {
  return h("span.who", {},
    h("a", { href: `#/conversation/${encodeURIComponent(row.id)}`, "data-key": row.id }, h("b", {}, named(row.app)), h("code", {}, row.id.slice(0, 8))),
    h("span.quiet.model", { title: visible(row.model ?? "") }, row.active ? h("i.dot.on", { title: "Active in the last 5 minutes" }) : null, named(row.model)));
}

function growth(row) {
  if (row.growth === null) return UNKNOWN;
  return `${row.growth > 0 ? "+" : row.growth < 0 ? "−" : ""}${short(Math.abs(row.growth))}`;
}

function warnings(row) {
  const over = row.warned ? badge(`${row.warned} %`, row.warned >= 95 ? "bad" : "warn", "The highest threshold of the context window it came over") : null;
  return h("span.badges", {}, over, mistakes(row.mistakes));
}

function line(row, now) {
  return h("tr", {}, COLUMNS.map((column, index) => h(`${index ? "td" : "th"}${column.number ? ".number" : ""}`,
    { scope: index ? null : "row", "data-name": column.name }, column.cell(row, now))));
}

function sorter(column, order) {
  const isBy = column.sort === order.sort;
  const next = isBy ? (order.order === "desc" ? "asc" : "desc") : column.first ?? "desc";
  const direction = order.order === "desc" ? "descending" : "ascending";
  const onclick = () => change({ sort: column.sort, order: next, page: "" });
  return h(`th${column.number ? ".number" : ""}`, { scope: "col", "aria-sort": isBy ? direction : null },
    h("button", { type: "button", onclick, title: column.title, "data-key": `sort ${column.sort}` }, column.name,
      h("span.arrow", { "aria-hidden": "true" }, isBy ? (order.order === "desc" ? "▼" : "▲") : "")));
}

function makeFilters() {
  const search = h("input", { type: "search", placeholder: "Search id, application, model  ( / )", "aria-label": "Search", maxlength: "200" });
  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    const text = search.value.trim();
    typing = setTimeout(() => {
      typing = 0;
      change({ q: text, page: "" });
    }, 250);
  });
  const select = (label, name) => h("select", { "aria-label": label, onchange: (event) => change({ [name]: event.target.value, page: "" }) });
  const app = select("Application", "app");
  const model = select("Model", "model");
  const sort = h("select.narrow", { "aria-label": "Order by", onchange: (event) => change({ sort: event.target.value, order: "", page: "" }) });
  const states = Object.entries(STATES).map(([state, name]) => h("button", { type: "button", "data-state": state, onclick: () => change({ state: state === "all" ? "" : state, page: "" }) }, name));
  return {
    element: h("div.filters", {}, h("div.picks", { role: "group", "aria-label": "Which conversations" }, states), search, app, model, sort),
    draw(data, order) {
      for (const each of states) each.setAttribute("aria-pressed", String(each.dataset.state === order.state));
      if (!typing && document.activeElement !== search) search.value = order.q ?? "";
      options(app, "All applications", data.apps.map((name) => [name, name]), order.app);
      options(model, "All models", data.models.map((name) => [name, name]), order.model);
      options(sort, null, COLUMNS.map((column) => [column.sort, `By ${column.name.toLowerCase()}`]), order.sort);
    },
  };
}

// Renew the options of a select, unless somebody is choosing.
function options(select, all, pairs, chosen) {
  const known = pairs.some(([value]) => value === chosen) || !chosen ? pairs : [...pairs, [chosen, chosen]];
  const text = JSON.stringify([known, chosen]);
  if (select.dataset.shown === text || document.activeElement === select) return;
  select.dataset.shown = text;
  fill(select, all ? h("option", { value: "" }, all) : null, known.map(([value, name]) => h("option", { value, selected: value === chosen }, visible(name))));
}

function pager(data) {
  const last = Math.max(1, Math.ceil(data.total / data.size));
  if (last === 1 && data.page === 1) return [];
  const go = (page, name) => h("button.button", { type: "button", disabled: page < 1 || page > last, onclick: () => change({ page: String(page) }), "data-key": name }, name);
  return [go(data.page - 1, "Previous"), h("span", {}, `Page ${count(data.page)} of ${count(last)}`), go(data.page + 1, "Next")];
}

// Arrow keys go from row to row.
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (!step) return;
  const links = [...event.currentTarget.querySelectorAll("th a")];
  const next = links[links.indexOf(document.activeElement) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
