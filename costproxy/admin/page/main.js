// The frame around the views: which one is shown, when it is asked for anew, and what is wrong.

import { ask, keepToken, Refused } from "./api.js";
import { fill, h, isBeingRead } from "./dom.js";
import { ago, clock } from "./format.js";
import { current } from "./route.js";
import { startTheme } from "./theme.js";
import { conversation } from "./view_conversation.js";
import { conversations } from "./view_conversations.js";
import { health } from "./view_health.js";
import { limits } from "./view_limits.js";
import { overview } from "./view_overview.js";

const EVERY = 2000; // ms between two updates
const SLOWEST = 30_000; // ms, while costproxy does not answer
const VIEWS = { overview, conversations, conversation, limits, health };

const main = document.getElementById("main");
const notice = document.getElementById("notice");
const pause = document.getElementById("pause");
const state = { view: null, shown: "", updated: null, failures: 0, paused: false, timer: 0, round: 0 };

// A view is a function of the main element that returns {request(route), draw(data, route), close()}.
function enter() {
  const route = current();
  const make = Object.hasOwn(VIEWS, route.view) ? VIEWS[route.view] : overview;
  const name = `${make.name}/${route.id}`;
  if (name !== state.shown) {
    state.view?.close?.();
    fill(main, h("p.quiet", {}, "Loading…"));
    state.view = make(main);
    state.shown = name;
    window.scrollTo(0, 0);
  }
  for (const each of document.querySelectorAll("[data-view]")) {
    const isHere = each.dataset.view === make.name || (make === conversation && each.dataset.view === "conversations");
    if (isHere) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
  document.title = `${make.name.charAt(0).toUpperCase()}${make.name.slice(1)} – costproxy`;
  update();
}

async function update() {
  clearTimeout(state.timer);
  const round = ++state.round;
  const route = current();
  try {
    const [path, parameters] = state.view.request(route);
    const data = await ask(path, parameters);
    if (round !== state.round) return;
    if (!isBeingRead(main)) state.view.draw(data, route);
    state.updated = data.at ?? Date.now() / 1000;
    state.failures = 0;
    notice.hidden = true;
  } catch (error) {
    if (round !== state.round) return;
    state.failures += 1;
    explain(error);
  }
  tell();
  schedule();
}

function schedule() {
  clearTimeout(state.timer);
  if (state.paused || document.hidden || state.asking) return;
  state.timer = setTimeout(update, Math.min(SLOWEST, EVERY * 2 ** Math.min(state.failures, 4)));
}

function explain(error) {
  if (!(error instanceof Refused)) throw error;
  if (error.status === 401) return askForToken();
  if (error.status === 403) return closed(error.message);
  if (error.status === 404 && current().view === "conversation") {
    fill(main, h("section.card.empty", {}, h("h1", {}, "Not remembered"),
      h("p", {}, "There is no conversation of this id, or it was forgotten since: conversations are remembered for a while after their last request."),
      h("p", {}, h("a.button", { href: "#/conversations" }, "All conversations"))));
    state.shown = "";
    return;
  }
  const since = state.updated === null ? "" : `; these numbers are of ${clock(state.updated)}`;
  notice.textContent = `${error.message}${since}.`;
  notice.hidden = false;
}

function closed(text) {
  fill(main, h("section.card.empty", {}, h("h1", {}, "The numbers are closed"), h("p", {}, text)));
  state.shown = "";
}

function askForToken() {
  if (state.asking) return;
  state.asking = true;
  state.shown = "";
  const field = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
  const enterToken = (event) => {
    event.preventDefault();
    keepToken(field.value.trim());
    state.asking = false;
    enter();
  };
  fill(main, h("form.card.empty", { onsubmit: enterToken }, h("h1", {}, "Token, please"),
    h("p", {}, "This costproxy asks for the bearer token that admin.token sets. It is kept in this tab only."),
    h("label", { for: "token" }, "Token"), field, h("button.button", { type: "submit" }, "Show the numbers")));
  field.focus();
}

function tell() {
  const status = document.getElementById("status");
  pause.setAttribute("aria-pressed", String(state.paused));
  pause.dataset.state = state.failures ? "failing" : state.paused ? "paused" : "live";
  if (state.failures) status.textContent = "No answer";
  else if (state.paused) status.textContent = "Paused";
  else status.textContent = state.updated === null ? "Starting" : "Live";
  if (state.updated !== null) pause.title = `Updated ${ago(state.updated, Date.now() / 1000)}; pause or go on (p)`;
}

function togglePause() {
  state.paused = !state.paused;
  tell();
  if (state.paused) clearTimeout(state.timer);
  else update();
}

function onKey(event) {
  const isTyping = event.target.closest("input, select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "p") togglePause();
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
}

pause.addEventListener("click", togglePause);
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => (document.hidden || state.paused ? schedule() : update()));
window.addEventListener("hashchange", enter);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
startTheme(document.getElementById("theme"));
enter();
