// The page "API": a viewer made elsewhere, in the colours of the others. Only wires parts.
import { choose, language, translatePage } from "./strings.js";

const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const viewer = document.querySelector("openapi-explorer");
for (const [name, value] of Object.entries({
  "bg-color": dark ? "#101218" : "#fbfbfd",
  "text-color": dark ? "#e8eaf0" : "#1b1e27",
  "primary-color": dark ? "#7db1ff" : "#1257c9",
  "nav-bg-color": dark ? "#181b23" : "#ffffff",
  "nav-text-color": dark ? "#e8eaf0" : "#1b1e27",
  "nav-hover-bg-color": dark ? "#2d323e" : "#e8ecf5",
  "nav-hover-text-color": dark ? "#7db1ff" : "#1257c9",
  "secondary-color": dark ? "#7db1ff" : "#1257c9",
})) viewer.setAttribute(name, value);
document.getElementById("language").value = language();
document.getElementById("language").onchange = ({ target }) => choose(target.value);
translatePage();
