// The page "API": a viewer made elsewhere, in the colours of the others. Only wires parts.
import { choose, language, translatePage } from "./strings.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const viewer = document.querySelector("openapi-explorer");
const COLOURS = {
  "bg-color": ["#fbfbfd", "#101218"],
  "text-color": ["#1b1e27", "#e8eaf0"],
  "primary-color": ["#1257c9", "#7db1ff"],
  "nav-bg-color": ["#ffffff", "#181b23"],
  "nav-text-color": ["#1b1e27", "#e8eaf0"],
  "nav-hover-bg-color": ["#e8ecf5", "#2d323e"],
  "nav-hover-text-color": ["#1257c9", "#7db1ff"],
  "secondary-color": ["#1257c9", "#7db1ff"],
};

function paint() {
  for (const [name, both] of Object.entries(COLOURS)) viewer.setAttribute(name, both[Number(dark.matches)]);
}

dark.onchange = paint;
paint();
document.getElementById("language").value = language();
document.getElementById("language").onchange = ({ target }) => choose(target.value);
translatePage();
