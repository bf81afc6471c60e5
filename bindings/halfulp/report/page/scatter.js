// The plot: points over two columns, the front, the Gaussian bound, and what happens under the mouse.
const REACH = 22; // pixels around the mouse in which a point counts as meant

class Scatter {
  constructor() {
    this.box = byId("scatter");
    this.tip = byId("tip");
    this.under = -1;
    this.svg = drawn("svg", {
      tabindex: 0,
      role: "application",
      "aria-label": "Plot of the schemes. Arrow keys go from point to point, Enter opens a scheme's details.",
    });
    this.box.replaceChildren(this.svg);
    this.svg.addEventListener("mousemove", (event) => this.point(this.nearest(event)));
    this.svg.addEventListener("mouseleave", () => this.point(-1));
    this.svg.addEventListener("click", (event) => {
      const row = this.nearest(event);
      if (row >= 0) choose(row);
    });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("blur", () => this.point(-1));
    new ResizeObserver(() => this.box.clientWidth !== this.width && this.draw()).observe(this.box);
    listeners.rows.push(() => this.draw());
    listeners.chosen.push(() => this.rings());
  }

  draw() {
    const { x, y } = state;
    this.width = this.box.clientWidth;
    const width = Math.max(this.width, 320), height = Math.round(Math.min(620, Math.max(320, 0.66 * width)));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    const rows = state.rows.filter((row) => !Number.isNaN(x.at(row)) && !Number.isNaN(y.at(row)));
    byId("plot-note").textContent = this.note(rows);
    this.tip.hidden = true;
    this.under = -1;
    if (!rows.length) {
      this.points = [];
      this.svg.replaceChildren(drawn("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "No scheme to draw"));
      byId("legend").replaceChildren();
      return;
    }
    const ends = (column) => rows.flatMap((row) =>
      [column.at(row), ...(column.low ? [column.place(column.low[row]), column.place(column.high[row])] : [])])
      .concat(column.place(column.reference));
    this.x = new Axis(x, ends(x), 66, width - 12);
    this.y = new Axis(y, ends(y), height - 46, 12);
    this.makeRoomForBound(rows);
    this.points = rows.map((row) => ({ row, x: this.x.pixel(x.at(row)), y: this.y.pixel(y.at(row)) }));
    this.ringed = drawn("g");
    const [kinds, styles] = this.kinds(rows);
    this.svg.replaceChildren(
      this.frame(width, height), this.bound(), this.references(), this.front(), this.intervals(kinds, styles),
      drawn("g", {}, ...this.points.map((point) => drawn("path", {
        class: `point ${styles.get(kinds(point.row)).colour}`,
        d: styles.get(kinds(point.row)).marker,
        transform: `translate(${point.x.toFixed(1)} ${point.y.toFixed(1)})`,
        "data-row": point.row,
      }))),
      this.published(width, height), this.ringed);
    this.legend(styles);
    this.rings();
  }

  note(rows) {
    const left = state.rows.length - rows.length;
    const parts = [];
    if (left) parts.push(`${left} of the ${state.rows.length} schemes have no value that both axes can show and are not drawn.`);
    if (!state.x.better || !state.y.better) parts.push("No front: one of the columns has no better side.");
    return parts.join(" ");
  }

  frame(width, height) {
    const group = drawn("g");
    for (const [value, text] of this.x.ticks()) {
      const x = this.x.pixel(value);
      group.append(drawn("line", { class: "grid", x1: x, x2: x, y1: this.y.from, y2: this.y.to }),
        drawn("text", { class: "tick", x, y: this.y.from + 17, "text-anchor": "middle" }, text));
    }
    for (const [value, text] of this.y.ticks()) {
      const y = this.y.pixel(value);
      group.append(drawn("line", { class: "grid", x1: this.x.from, x2: this.x.to, y1: y, y2: y }),
        drawn("text", { class: "tick", x: this.x.from - 7, y: y + 4, "text-anchor": "end" }, text));
    }
    group.append(
      drawn("path", { class: "frame", d: `M${this.x.from} ${this.y.to}V${this.y.from}H${this.x.to}` }),
      drawn("text", { x: (this.x.from + this.x.to) / 2, y: height - 8, "text-anchor": "middle" }, state.x.label),
      drawn("text", { transform: `translate(14 ${(this.y.from + this.y.to) / 2}) rotate(-90)`, "text-anchor": "middle" }, state.y.label));
    return group;
  }

  // dB per bit of the bound if both columns are those that it binds, else 0; turned: bits go up.
  slope() {
    const side = { relative_error: -data.dbPerBit, sqnr_db: data.dbPerBit };
    if (state.x.name === "bits_per_element") return { slope: side[state.y.name] ?? 0, turned: false };
    if (state.y.name === "bits_per_element") return { slope: side[state.x.name] ?? 0, turned: true };
    return { slope: 0, turned: false };
  }

  makeRoomForBound(rows) {
    const { slope, turned } = this.slope();
    if (!slope) return;
    const [bits, error] = turned ? [this.y, this.x] : [this.x, this.y];
    const end = slope * Math.min(...rows.map((row) => bits.column.at(row)));
    if (end < error.low) error.low = end - 3;
    if (end > error.high) error.high = end + 3;
  }

  bound() {
    const { slope, turned } = this.slope();
    const group = drawn("g");
    if (!slope) return group;
    const [bits, error] = turned ? [this.y, this.x] : [this.x, this.y];
    const ends = [error.low / slope, error.high / slope].sort((a, b) => a - b);
    const [start, end] = [Math.max(bits.low, ends[0]), Math.min(bits.high, ends[1])];
    if (start >= end) return group;
    const at = (value) => (turned
      ? [this.x.pixel(slope * value), this.y.pixel(value)]
      : [this.x.pixel(value), this.y.pixel(slope * value)]);
    const [[x1, y1], [x2, y2], [x, y]] = [at(start), at(end), at((start + end) / 2)];
    let turn = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
    if (Math.abs(turn) > 90) turn -= 180 * Math.sign(turn);
    const inside = (slope < 0) === !turned; // the side that no scheme reaches: below a falling line of errors
    group.append(drawn("line", { class: "bound-line", x1, y1, x2, y2 }), drawn("text", {
      class: "bound", "text-anchor": "middle", transform: `translate(${x} ${y}) rotate(${turn})`, dy: inside || turned ? 14 : -6,
    }, "Gaussian rate–distortion bound"));
    return group;
  }

  // What end tasks give without quantization.
  references() {
    const group = drawn("g");
    for (const [axis, across] of [[this.x, false], [this.y, true]]) {
      const value = axis.column.place(axis.column.reference);
      if (Number.isNaN(value)) continue;
      const at = axis.pixel(value);
      group.append(drawn("path", {
        class: "reference",
        d: across ? `M${this.x.from} ${at}H${this.x.to}` : `M${at} ${this.y.from}V${this.y.to}`,
      }));
    }
    return group;
  }

  front() {
    const front = frontOf(state.rows, state.x, state.y);
    let path = "";
    front.forEach((row, place) => {
      const [x, y] = [this.x.pixel(state.x.at(row)).toFixed(1), this.y.pixel(state.y.at(row)).toFixed(1)];
      path += place ? `H${x}V${y}` : `M${x} ${y}`;
    });
    return drawn("path", { class: "front", d: path || "M0 0" });
  }

  intervals(kinds, styles) {
    const group = drawn("g");
    for (const [axis, across] of [[this.x, true], [this.y, false]]) {
      const { column } = axis;
      if (!column.low) continue;
      for (const point of this.points) {
        const [low, high] = [column.place(column.low[point.row]), column.place(column.high[point.row])];
        if (Number.isNaN(low) || Number.isNaN(high)) continue;
        const [a, b] = [axis.pixel(low), axis.pixel(high)];
        group.append(drawn("path", {
          class: `interval ${styles.get(kinds(point.row)).colour}`,
          d: across ? `M${a} ${point.y}H${b}` : `M${point.x} ${a}V${b}`,
        }));
      }
    }
    return group;
  }

  // A function from row to kind, and each kind's style; styles do not depend on the filter.
  kinds() {
    const by = byId("axis-colour").value;
    const words = by === "kind" ? data.kind.words : null;
    const kinds = words ? (row) => words[data.kind.codes[row]] : (row) => column(by).text(row);
    const order = words ?? [...new Set(allRows.map((row) => column(by).key(row)))]
      .sort((a, b) => (typeof a === "number" ? a - b : 0))
      .map((key) => kinds(allRows.find((row) => Object.is(column(by).key(row), key))));
    return [kinds, new Map(order.map((kind, place) => [kind, style(place)]))];
  }

  legend(styles) {
    const kinds = this.kinds()[0];
    const there = new Set(this.points.map((point) => kinds(point.row)));
    const items = [...styles].filter(([kind]) => there.has(kind)).map(([kind, { colour, marker }]) => element("li", {},
      drawn("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, drawn("path", { class: `point ${colour}`, d: marker })), kind));
    if (state.front.size) {
      items.push(element("li", {},
        drawn("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, drawn("line", { x1: -7, x2: 7, y1: 0, y2: 0 })),
        "Pareto front of the schemes shown"));
    }
    if ([state.x, state.y].some((one) => !Number.isNaN(one.place(one.reference)))) {
      items.push(element("li", {},
        drawn("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, drawn("line", { class: "reference", x1: -7, x2: 7, y1: 0, y2: 0 })),
        "without quantization"));
    }
    byId("legend").replaceChildren(...items);
  }

  // Rings and names of published schemes, where a name covers no other name.
  published(width) {
    const group = drawn("g"), taken = [];
    for (const point of this.points.filter((one) => data.published[one.row])) {
      group.append(drawn("circle", { class: "ring", cx: point.x, cy: point.y, r: 7 }));
      const text = name(point.row), size = 7.2 * text.length;
      const before = point.x + 11 + size > width;
      const left = before ? point.x - 11 - size : point.x + 11;
      const place = [-8, 16, -22, 30].map((dy) => point.y + dy)
        .find((y) => !taken.some((box) => left < box[2] && left + size > box[0] && Math.abs(y - box[1]) < 13));
      if (place === undefined) continue;
      taken.push([left, place, left + size]);
      group.append(drawn("text", { class: "named", x: left, y: place }, text));
    }
    return group;
  }

  rings() {
    const ring = (row, kind) => {
      const point = this.points.find((one) => one.row === row);
      return point ? [drawn("circle", { class: `ring ${kind}`, cx: point.x, cy: point.y, r: 8.5 })] : [];
    };
    this.ringed?.replaceChildren(...ring(state.chosen, "chosen"), ...ring(this.under, "under"));
  }

  nearest(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = (this.svg.viewBox.baseVal.width || box.width) / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = -1, least = REACH ** 2;
    for (const point of this.points) {
      const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (distance < least) [best, least] = [point.row, distance];
    }
    return best;
  }

  // Shows the tip of a scheme; −1 hides it.
  point(row) {
    if (row === this.under) return;
    this.under = row;
    this.rings();
    this.tip.hidden = row < 0;
    this.svg.style.cursor = row < 0 ? "default" : "pointer";
    if (row < 0) return;
    this.tip.replaceChildren(
      element("div", { class: "scheme" }, name(row)),
      element("div", {}, `${state.x.head}: ${state.x.text(row)}`),
      element("div", {}, `${state.y.head}: ${state.y.text(row)}`),
      ...(state.front.has(row) ? [element("div", { class: "quiet" }, "on the front")] : []));
    const point = this.points.find((one) => one.row === row);
    const box = this.svg.getBoundingClientRect();
    const scale = box.width / this.svg.viewBox.baseVal.width;
    const [x, y] = [box.left + point.x * scale, box.top + point.y * scale];
    const size = this.tip.getBoundingClientRect();
    const left = x + 14 + size.width > document.documentElement.clientWidth ? x - 14 - size.width : x + 14;
    const top = y - 14 - size.height < 0 ? y + 14 : y - 14 - size.height;
    this.tip.style.left = `${Math.max(0, left) + window.scrollX}px`;
    this.tip.style.top = `${top + window.scrollY}px`;
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" && this.under >= 0) choose(this.under);
    if (event.key === "Escape") this.point(-1);
    if (!step || !this.points.length) return;
    event.preventDefault();
    const order = [...this.points].sort((a, b) => a.x - b.x || b.y - a.y);
    const place = order.findIndex((point) => point.row === (this.under >= 0 ? this.under : state.chosen));
    this.point(order[place < 0 ? 0 : (place + step + order.length) % order.length].row);
  }
}
