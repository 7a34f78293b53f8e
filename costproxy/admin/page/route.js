// Where one is: "#/conversations?sort=cost" is the view "conversations" with its parameters.

export function current() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", id = ""] = path.split("/");
  return { view: view || "overview", id: decodeURIComponent(id), parameters: Object.fromEntries(new URLSearchParams(query)) };
}

export function link(view, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query ? `?${query}` : ""}`;
}

// Change parameters of where one is, without a new entry in the browser's history.
export function change(parameters) {
  const here = current();
  const path = here.id ? `${here.view}/${encodeURIComponent(here.id)}` : here.view;
  location.replace(link(path, { ...here.parameters, ...parameters }));
}
