// Asking the API. The token, if one is needed, stays in this tab.

const KEY = "costproxy-token";
const PATIENCE = 10_000; // ms

// An answer other than 200; `status` is 0 where there was none.
export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

// Return the JSON of a path such as "overview"; parameters that are empty or null are left out.
export async function ask(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  const token = sessionStorage.getItem(KEY);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let reply;
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    reply = await fetch(`api/v1/${path}${query ? `?${query}` : ""}`, { headers, signal, cache: "no-store" });
  } catch {
    throw new Refused(0, "costproxy does not answer");
  }
  const body = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(reply.status, String(body.error ?? `status ${reply.status}`));
  return body;
}
