// Light, dark, or as the system has it; charts are told when it changes.

const KEY = "costproxy-theme";
const ORDER = ["auto", "light", "dark"];

export function startTheme(button) {
  show(stored(), button);
  button.addEventListener("click", () => {
    const next = ORDER[(ORDER.indexOf(stored()) + 1) % ORDER.length];
    localStorage.setItem(KEY, next);
    show(next, button);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

function stored() {
  const theme = localStorage.getItem(KEY);
  return ORDER.includes(theme) ? theme : "auto";
}

function show(theme, button) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
  tell();
}

function tell() {
  window.dispatchEvent(new Event("themechange"));
}

// Return the present value of a CSS variable, such as "new" for --new.
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
