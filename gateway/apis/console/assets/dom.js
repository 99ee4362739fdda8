// Elements in few words. Knows no page.

/** An element with a class, attributes, and what is in it. */
export function make(tag, name = "", ...inside) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...inside.map((each) => each ?? ""));
  return element;
}

export function button(label, act) {
  const made = make("button", "", label);
  made.type = "button";
  made.onclick = act;
  return made;
}

const FOCUSABLE = "button, input, [tabindex]";

/** What a box shows from now on; who was inside with the keyboard stays, and tables stay scrolled. */
export function redraw(box, ...inside) {
  const focused = [...box.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  const scrolled = [...box.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  box.replaceChildren(...inside);
  box.querySelectorAll(".scroll").forEach((each, n) => (each.scrollLeft = scrolled[n] ?? 0));
  if (focused >= 0) box.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
}

/** Rows as a table; the first cell of each names it. */
export function table(head, rows) {
  const [top, body] = [make("thead"), make("tbody")];
  top.append(row(head, "th"));
  body.append(...rows.map((cells) => row(cells, "td")));
  const wide = make("div", "scroll", make("table", "", top, body));
  wide.tabIndex = 0; // what does not fit is reached with the arrow keys
  return wide;
}

function row(cells, tag) {
  const line = make("tr");
  line.append(...cells.map((cell) => (cell instanceof Node ? make(tag, "", cell) : make(tag, "", String(cell)))));
  return line;
}

/** An element's text into the clipboard; on pages without https by the older way. */
export async function copy(element) {
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
  getSelection().selectAllChildren(element);
  document.execCommand("copy");
}
