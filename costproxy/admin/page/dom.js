// Making elements. Values become text nodes, never markup.

// Return an element: h("td.number", {title: "…"}, "text", child, …). null and false children are left out.
// Attributes beginning with "on" are listeners; `vars` are CSS variables; true and false set and leave out.
export function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "vars") for (const [key, each] of Object.entries(value)) element.style.setProperty(`--${key}`, each);
  else element.setAttribute(name, value === true ? "" : value);
}

// Put `children` into `element` in place of what is there; the focus stays on what has the same data-key.
export function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  if (focused === undefined) return;
  for (const each of element.querySelectorAll("[data-key]")) {
    if (each.dataset.key === focused) return each.focus({ preventScroll: true });
  }
}

// Tell whether somebody is marking text inside `element`, which an update would undo.
export function isBeingRead(element) {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode);
}
