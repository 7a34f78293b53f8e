// What the words of the API mean, in a sentence for people.

const MISTAKES = {
  reply_dropped: ["Reply dropped", "The assistant's reply was not appended to the history."],
  reply_altered: ["Reply altered", "The assistant's reply came back with other words."],
  reply_duplicated: ["Reply duplicated", "The assistant's reply was appended twice."],
  orphan_tool_result: ["Orphan tool result", "A tool's result without the call that it answers."],
  system_changed: ["System prompt changed", "The system prompt is another than in the turn before."],
  tools_changed: ["Tools changed", "The definitions of the tools are other ones than in the turn before."],
  history_trimmed: ["History trimmed", "Messages were left out or rewritten before what was kept."],
  cache_broken: ["Cache broken", "A change made the provider process again what it had cached."],
  cut_by_length: ["Reply cut", "The reply ended at the limit of its length and is not whole."],
  duplicate_in_flight: ["Duplicate in flight", "The identical request was still under way."],
};

const PARTS = {
  system: "System",
  tools: "Tool definitions",
  user: "User",
  assistant: "Assistant",
  tool_results: "Tool results",
  images: "Images",
  files: "Files",
};

const SOURCES = {
  settings: "set by the operator",
  error: "learned from a rejection",
  model_list: "from the upstream's list of models",
  catalogue: "from the catalogue",
};

export function mistake(kind) {
  return MISTAKES[kind] ?? [plain(kind), ""];
}

export function part(kind) {
  return PARTS[kind] ?? plain(kind);
}

export function source(name) {
  return SOURCES[name] ?? plain(name);
}

// reply_dropped -> Reply dropped
export function plain(word) {
  const text = String(word).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
