// What the page says, in the reader's language. Texts stand in strings/*.js; the page names them in data-text.
import en from "./strings/en.js";
import de from "./strings/de.js";

const ALL = { en, de };
const kept = localStorage.getItem("language");
let spoken = kept in ALL ? kept : navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in ALL) ?? "en";

export const language = () => spoken;

/** For times and numbers: the reader's own way of writing this language. */
export const locale = () => navigator.languages.find((tag) => tag.startsWith(spoken)) ?? spoken;

/** A text by its name, with {places} filled in. */
export function text(name, values = {}) {
  const found = ALL[spoken][name] ?? en[name] ?? name;
  return found.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** Every element that names a text gets it. */
export function translatePage(root = document) {
  document.documentElement.lang = spoken;
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", text(element.dataset.label));
}

export function choose(tag) {
  spoken = tag in ALL ? tag : "en";
  localStorage.setItem("language", spoken);
  translatePage();
}
