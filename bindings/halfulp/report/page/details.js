// The panel that shows one scheme: what it is, its metrics, its end-task results, its worst matrices.
const WORST = 10;

class Details {
  constructor() {
    this.box = byId("details");
    this.metric = metrics[0];
    listeners.chosen.push(() => this.draw());
    listeners.rows.push(() => this.draw());
    this.draw();
  }

  draw() {
    const row = state.chosen;
    if (row < 0) {
      this.box.replaceChildren(element("p", { class: "quiet" }, "Click a point or a row to see its scheme, its metrics and the weight matrices that it serves worst."));
      return;
    }
    const badges = [state.front.has(row) ? "on the front" : null, data.published[row] ? "published scheme" : null]
      .filter(Boolean).map((text) => element("span", { class: "badge" }, text));
    this.box.replaceChildren(
      element("h3", { class: "name" }, schemes.text(row)),
      ...badges,
      element("ul", { class: "levels" },
        ...data.levels.words[data.levels.codes[row]].split("\n").map((line) => element("li", {}, line)),
        roundings.codes[row] ? element("li", {}, `rounding: ${roundings.text(row)}`) : null),
      ...(data.errors[row] ? [element("p", { class: "failed" }, data.errors[row])] : []),
      ...this.tasks(row),
      ...this.worst(row),
      element("h3", {}, "All matrices together"),
      this.facts(columns.filter((one) => one !== schemes && !one.low && !one.isMissing), row));
  }

  facts(some, row) {
    return element("table", { class: "facts" }, element("tbody", {}, ...some.filter((one) => one.text(row) !== "").map((one) =>
      element("tr", { title: one.meaning || false }, element("th", { scope: "row" }, one.head), element("td", {}, one.text(row))))));
  }

  tasks(row) {
    const results = columns.filter((one) => one.low && !Number.isNaN(one.values[row]));
    if (!results.length) return [];
    return [element("h3", {}, "End tasks, with 95 % intervals"), element("table", { class: "facts", id: "task-results" }, element("tbody", {},
      ...results.map((one) => {
        const interval = Number.isNaN(one.low[row]) || Number.isNaN(one.high[row]) ? ""
          : ` (${plain(one.low[row], 4)} to ${plain(one.high[row], 4)})`;
        return element("tr", { title: one.meaning || false }, element("th", { scope: "row" }, one.head), element("td", {}, one.text(row) + interval));
      })))];
  }

  worst(row) {
    if (!this.metric) return [];
    const count = matrices.names.length, { metric } = this;
    const value = (matrix) => metric.values[row * count + matrix];
    const bad = (matrix) => (metric.better > 0 ? -value(matrix) : value(matrix));
    const there = matrices.names.map((_, matrix) => matrix).filter((matrix) => !Number.isNaN(value(matrix)));
    const order = [...there].sort((a, b) => bad(b) - bad(a) || a - b).slice(0, WORST);
    const select = element("select", { id: "worst-by", "aria-label": "Metric of the worst matrices" });
    options(select, metrics.map((one) => [one.name, one.head]), metric.name);
    select.addEventListener("change", () => {
      this.metric = metrics.find((one) => one.name === select.value);
      this.draw();
      byId("worst-by").focus();
    });
    const length = (x) => (metric.name === "cosine" ? 1 - x : Math.abs(x)); // of a bar: error, not likeness
    const finite = there.map((matrix) => length(value(matrix))).filter(Number.isFinite);
    const longest = Math.max(...finite, 0) || 1;
    const part = (x) => Math.max(0, Math.min(100, (100 * length(x)) / longest));
    const model = column(metric.name)?.values[row];
    const together = metric.better < 0 && Number.isFinite(model) && length(model) <= longest ? part(model) : null;
    return [
      element("h3", {}, `${Math.min(WORST, order.length)} worst of ${count} matrices by `, select),
      element("ol", { id: "worst" }, ...order.map((matrix) => element("li", { title: `${matrices.names[matrix]} (${matrices.shapes[matrix]})` },
        element("span", { class: "matrix" }, matrices.short[matrix]),
        element("span", { class: "shape" }, matrices.shapes[matrix]),
        element("span", { class: "number" }, shown(metric.name, metric.scale, value(matrix))),
        this.bar(part(value(matrix)), together)))),
      element("p", { class: "quiet" },
        [
          matrices.without ? `Names without ${matrices.without}.` : "",
          metric.scale === "db" ? "Bars show the error itself, not dB." : metric.name === "cosine" ? "Bars show 1 − cosine." : "",
          together === null ? "" : "The dark mark is all matrices together.",
          "Below, all matrices in the model's order, the worst in orange:",
        ].filter(Boolean).join(" ")),
      this.strip(there, order, (matrix) => part(value(matrix)), (matrix) => shown(metric.name, metric.scale, value(matrix))),
    ];
  }

  bar(part, together) {
    const fillBar = element("div", { class: "fill" });
    fillBar.style.width = `${part}%`;
    if (together === null) return element("div", { class: "track" }, fillBar);
    const mark = element("div", { class: "model" });
    mark.style.left = `calc(${together}% - 1px)`;
    return element("div", { class: "track" }, fillBar, mark);
  }

  strip(there, order, part, text) {
    const wide = 100 / matrices.names.length, worst = new Set(order);
    return drawn("svg", { class: "strip", viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": "All matrices in the model's order" },
      ...there.map((matrix) => drawn("rect", {
        class: worst.has(matrix) ? "bad" : "", x: matrix * wide, width: wide * 0.8,
        y: 100 - part(matrix), height: Math.max(part(matrix), 0.7),
      }, drawn("title", {}, `${matrices.names[matrix]}: ${text(matrix)}`))));
  }
}
