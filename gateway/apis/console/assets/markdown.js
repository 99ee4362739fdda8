// The Markdown of a model's card as elements: headings, paragraphs, lists, tables, code. Text only ever becomes text.
import { make } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/g;
const cells = (line) => line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

export function markdown(text) {
  const out = [];
  const lines = text.split("\n");
  while (lines.length) {
    const line = lines.shift();
    const take = (fits) => {
      const taken = [line];
      while (lines.length && fits(lines[0])) taken.push(lines.shift());
      return taken;
    };
    if (line.startsWith("```")) {
      const code = take((next) => !next.startsWith("```")).slice(1);
      lines.shift();
      out.push(make("pre", "", code.join("\n")));
    } else if (/^#{1,6} /.test(line)) out.push(heading(line));
    else if (line.startsWith("|")) out.push(grid(take((next) => next.startsWith("|"))));
    else if (/^[-*] /.test(line)) out.push(list(take((next) => /^([-*] | +\S)/.test(next))));
    else if (line.trim()) out.push(make("p", "", ...inline(take((next) => next.trim() && !/^([#|]|[-*] |```)/.test(next)).join(" "))));
  }
  return out;
}

function heading(line) {
  const depth = line.indexOf(" ");
  return make(`h${Math.min(6, depth + 1)}`, "", ...inline(line.slice(depth + 1)));
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    if (/^[-*] /.test(line)) items.push(line.slice(2));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return make("ul", "", ...items.map((item) => make("li", "", ...inline(item))));
}

function grid([head, ...rest]) {
  const row = (line, tag) => make("tr", "", ...cells(line).map((cell) => make(tag, "", ...inline(cell))));
  const body = rest.filter((line) => !/^[|:\s-]+$/.test(line)).map((line) => row(line, "td"));
  const wide = make("div", "scroll", make("table", "", make("thead", "", row(head, "th")), make("tbody", "", ...body)));
  wide.tabIndex = 0;
  return wide;
}

function inline(text) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, strong, label, address] = found;
    out.push(text.slice(at, found.index), code ? make("code", "", code) : strong ? make("strong", "", strong) : link(label, address));
    at = found.index + whole.length;
  }
  return [...out, text.slice(at)];
}

function link(label, address) {
  const made = make("a", "", label);
  [made.href, made.rel] = [address, "noreferrer"];
  return made;
}
