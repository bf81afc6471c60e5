// The table of schemes.
const FEW = 300; // rows drawn at first: more take the browser a noticeable while

// Columns that say the same in other units, or of the weights alone: with "all columns" only, as are lesser metrics of
// end tasks.
const SECONDARY = new Set(["sqnr_db", "mse", "max_relative_error", "squared_error", "squared_norm", "elements", "bytes"]);

class SchemeTable {
  constructor() {
    this.sort = { column: column("bits_per_element"), down: false };
    this.few = true;
    this.body = element("tbody");
    this.head = element("thead");
    byId("table").replaceChildren(element("table", { "aria-label": "Schemes" }, this.head, this.body));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) choose(Number(row.dataset.row));
    });
    this.body.addEventListener("keydown", (event) => this.key(event));
    byId("all-columns").addEventListener("change", () => this.draw());
    byId("more").addEventListener("click", () => { this.few = false; this.drawRows(); });
    listeners.rows.push(() => this.drawRows());
    listeners.chosen.push(() => this.mark());
    this.draw();
  }

  get shown() {
    if (byId("all-columns").checked) return columns;
    return columns.filter((one) => one === schemes || (!SECONDARY.has(one.name) && !one.secondary && !one.isConstant));
  }

  draw() {
    const shown = this.shown;
    const same = columns.filter((one) => one !== schemes && !shown.includes(one) && one.isConstant && one.text(0) !== NONE
      && one.text(0) !== "" && !SECONDARY.has(one.name));
    byId("same").textContent = same.length
      ? `The same for all: ${same.map((one) => `${one.head} ${one.text(0)}`).join("; ")}.` : "";
    this.head.replaceChildren(element("tr", {}, ...shown.map((one) => {
      const button = element("button", { type: "button", title: one.meaning || one.head }, one.head);
      button.addEventListener("click", () => this.sortBy(one));
      return element("th", { scope: "col", class: one.isNumber ? "number" : "", "data-column": one.name }, button);
    })));
    this.drawRows();
  }

  sortBy(one) {
    this.sort = { column: one, down: this.sort.column === one ? !this.sort.down : false };
    this.drawRows();
  }

  sorted() {
    const { column: by, down } = this.sort;
    const collator = new Intl.Collator("en", { numeric: true });
    const order = (a, b) => {
      const [left, right] = [by.key(a), by.key(b)];
      if (!by.isNumber) return (down ? -1 : 1) * collator.compare(left, right);
      const [noLeft, noRight] = [Number.isNaN(left), Number.isNaN(right)];
      if (noLeft || noRight) return noLeft - noRight; // what is missing stays below
      return left === right ? 0 : (left < right) === down ? 1 : -1;
    };
    const least = column("relative_error");
    return [...state.rows].sort((a, b) => order(a, b) || least.values[a] - least.values[b] || a - b);
  }

  drawRows() {
    const all = this.sorted(), shown = this.shown;
    const rows = this.few ? all.slice(0, FEW) : all;
    for (const head of this.head.querySelectorAll("th")) {
      const mine = head.dataset.column === this.sort.column.name;
      const direction = this.sort.down ? "descending" : "ascending";
      if (mine) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
      head.firstChild.textContent = columns.find((one) => one.name === head.dataset.column).head
        + (mine ? (this.sort.down ? " ▼" : " ▲") : "");
    }
    this.body.replaceChildren(...rows.map((row) => element("tr", { "data-row": row }, ...shown.map((one) => {
      if (one !== schemes) return element("td", { class: one.isNumber ? "number" : "" }, one.text(row));
      return element("th", { scope: "row" },
        element("span", { class: "front-mark", title: state.front.has(row) ? "on the front" : false }, state.front.has(row) ? "●" : ""),
        element("button", { type: "button", class: "scheme", tabindex: -1 }, one.text(row)));
    }))));
    const more = byId("more");
    more.hidden = rows.length === all.length;
    more.textContent = `Show all ${all.length} rows (now ${rows.length})`;
    this.mark();
  }

  // Marks the row that is chosen; the tab key reaches this one, or the first.
  mark() {
    let reached = this.body.querySelector("button.scheme");
    for (const row of this.body.rows) {
      const mine = Number(row.dataset.row) === state.chosen;
      row.setAttribute("aria-selected", mine);
      const button = row.querySelector("button.scheme");
      button.tabIndex = -1;
      if (mine) reached = button;
    }
    if (reached) reached.tabIndex = 0;
  }

  key(event) {
    const row = event.target.closest("tr");
    const target = {
      ArrowDown: () => row.nextElementSibling, ArrowUp: () => row.previousElementSibling,
      Home: () => this.body.firstElementChild, End: () => this.body.lastElementChild,
    }[event.key]?.();
    if (!target) return;
    event.preventDefault();
    for (const button of this.body.querySelectorAll("button.scheme[tabindex='0']")) button.tabIndex = -1;
    const button = target.querySelector("button.scheme");
    button.tabIndex = 0;
    button.focus();
  }
}
