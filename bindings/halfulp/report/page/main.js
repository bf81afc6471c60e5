// Puts the parts together.
const numeric = columns.filter((one) => one.isNumber && !one.isMissing);
const axisChoices = numeric.map((one) => [one.name, one.head]);
state.x = column("bits_per_element");
state.y = column("relative_error");
options(byId("axis-x"), axisChoices, state.x.name);
options(byId("axis-y"), axisChoices, state.y.name);

// What colours can tell apart: up to 36 kinds.
const colourChoices = [["kind", "scales"], ...columns
  .filter((one) => ["element_kind", "element_bits", "block", "recipe", "search", "hadamard", "rounding"].includes(one.name) && !one.isConstant)
  .filter((one) => new Set(allRows.map((row) => one.key(row))).size <= 36)
  .map((one) => [one.name, one.head])];
const mixed = colourChoices.some(([name]) => name === "element_kind");
options(byId("axis-colour"), colourChoices, mixed ? "element_kind" : "kind");

const widths = [...new Set(column("element_bits").values)].sort((a, b) => a - b);
const widthChoices = widths.map((width) => [String(width), `${width} bits`]);
options(byId("filter-least"), widthChoices, String(widths[0]));
options(byId("filter-most"), widthChoices, String(widths.at(-1)));

byId("explore").hidden = false;
const scatter = new Scatter();
const table = new SchemeTable();
const details = new Details();

byId("axis-x").addEventListener("change", (event) => { state.x = column(event.target.value); refilter(); });
byId("axis-y").addEventListener("change", (event) => { state.y = column(event.target.value); refilter(); });
byId("axis-colour").addEventListener("change", () => scatter.draw());
byId("filters").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["filter-text", "filter-least", "filter-most", "filter-front"]) byId(id).addEventListener("input", refilter);

// A page opened at #scheme=… shows this scheme.
const wanted = new URLSearchParams(location.hash.slice(1)).get("scheme");
state.chosen = wanted === null ? -1 : allRows.findIndex((row) => name(row) === wanted);
refilter();
changed("chosen");
