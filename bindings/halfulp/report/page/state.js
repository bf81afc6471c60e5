// What is filtered, what is chosen, what is on the front; whoever shows it listens.
const state = { rows: allRows, front: new Set(), chosen: -1, x: null, y: null };
const listeners = { rows: [], chosen: [] };

function changed(what) {
  for (const listener of listeners[what]) listener();
}

function choose(row) {
  state.chosen = row;
  if (row >= 0) history.replaceState(null, "", `#${new URLSearchParams({ scheme: name(row) })}`);
  changed("chosen");
}

const texts = allRows.map((row) =>
  [name(row), data.kind.words[data.kind.codes[row]], ...columns.filter((c) => !c.isNumber).map((c) => c.text(row))]
    .join(" ").toLowerCase());

function passes(row, words, least, most) {
  const width = column("element_bits").values[row];
  return width >= least && width <= most && words.every((word) =>
    word.length > 1 && word.startsWith("-") ? !texts[row].includes(word.slice(1)) : texts[row].includes(word));
}

// The rows that no other beats in both columns, from the best x on; of equal ones the first.
function frontOf(rows, x, y) {
  if (!x.better || !y.better) return [];
  const points = rows
    .map((row) => ({ row, x: -x.better * x.at(row), y: -y.better * y.at(row) }))
    .filter((point) => !Number.isNaN(point.x) && !Number.isNaN(point.y))
    .sort((a, b) => a.x - b.x || a.y - b.y || a.row - b.row);
  let least = Infinity;
  return points.filter((point) => point.y < least && ((least = point.y), true)).map((point) => point.row);
}

function refilter() {
  const words = byId("filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [least, most] = [Number(byId("filter-least").value), Number(byId("filter-most").value)];
  let rows = allRows.filter((row) => passes(row, words, least, most));
  const front = frontOf(rows, state.x, state.y);
  state.front = new Set(front);
  if (byId("filter-front").checked) rows = rows.filter((row) => state.front.has(row));
  state.rows = rows;
  byId("count").textContent = `${rows.length} of ${ROWS} schemes`;
  changed("rows");
}
