// The data by column, and numbers as text.
const data = JSON.parse(byId("data").textContent);

const MINUS = "−";
const NONE = "–";

function plain(value, digits) {
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e7)) {
    const [mantissa, exponent] = value.toExponential(Math.max(digits - 1, 0)).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`.replaceAll("-", MINUS);
  }
  return String(Number(value.toPrecision(digits))).replaceAll("-", MINUS);
}

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = value ? Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3))) : 0;
  return `${Number((value / 1000 ** step).toPrecision(4))} ${units[step]}`;
}

// A number as the table and the tip show it; `scale` as in the data, decimals for columns drawn as they are.
function shown(name, scale, value, decimals) {
  if (Number.isNaN(value)) return NONE;
  if (scale === "db" && value === 0) return `${MINUS}∞`;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (name === "bytes") return bytes(value);
  if (scale === "db") return (10 * Math.log10(value)).toFixed(2).replace("-", MINUS);
  if (scale === "percent") return plain(100 * value, 3);
  if (name === "bits_per_element") return value.toFixed(4);
  if (name === "sqnr_db") return value.toFixed(2).replace("-", MINUS);
  if (decimals !== undefined) return value.toFixed(decimals).replace("-", MINUS);
  return Number.isInteger(value) ? value.toLocaleString("en").replace("-", MINUS) : plain(value, 4);
}

// Decimals of a column of which some value is not whole: six digits of the largest; undefined for whole numbers.
function decimalsOf(values) {
  const finite = values.filter(Number.isFinite);
  if (finite.every(Number.isInteger)) return undefined;
  const largest = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Math.max(0, 6 - Math.max(1, Math.ceil(Math.log10(largest) + 1e-9)));
}

const NAMED = { null: NaN, inf: Infinity, "-inf": -Infinity };
const numbers = (values) => Float64Array.from(values, (value) => (typeof value === "number" ? value : NAMED[value]));

class Column {
  constructor(raw) {
    Object.assign(this, raw); // name, head, meaning; of numbers also label, better, scale
    this.isNumber = raw.values !== undefined;
    if (this.isNumber) {
      this.values = numbers(raw.values);
      this.low = raw.low && numbers(raw.low);
      this.reference = raw.reference ?? NaN; // of end tasks: without quantization
      this.high = raw.high && numbers(raw.high);
      if (this.scale === "linear") this.decimals = decimalsOf(this.values);
    }
  }

  text(row) {
    return this.isNumber ? shown(this.name, this.scale, this.values[row], this.decimals) : this.words[this.codes[row]];
  }

  // What the rows are sorted by.
  key(row) {
    return this.isNumber ? this.values[row] : this.words[this.codes[row]];
  }

  // A value where the axis draws it; NaN for what the axis cannot show.
  place(value) {
    if (!Number.isFinite(value)) return NaN;
    if (this.scale === "db") return value > 0 ? 10 * Math.log10(value) : NaN;
    if (this.scale === "log") return value > 0 ? value : NaN;
    return this.scale === "percent" ? 100 * value : value;
  }

  at(row) {
    return this.place(this.values[row]);
  }

  get isMissing() {
    return this.isNumber && this.values.every(Number.isNaN);
  }

  get isConstant() {
    if (!this.isNumber) return this.words.length < 2;
    return this.values.every((value) => Object.is(value, this.values[0]));
  }
}

const columns = data.columns.map((raw) => new Column(raw));
const column = (name) => columns.find((one) => one.name === name);
const schemes = column("scheme");
const ROWS = data.published.length;
const allRows = Array.from({ length: ROWS }, (_, row) => row);

// Metrics by matrix: values[row * matrices + matrix].
const matrices = data.matrices;
const metrics = matrices.metrics.map((raw) => ({
  ...raw,
  values: new Float32Array(Uint8Array.from(atob(raw.data), (c) => c.charCodeAt(0)).buffer),
}));

const roundings = column("rounding");
const name = (row) =>
  schemes.text(row) + (roundings.codes[row] ? ` (${roundings.text(row)})` : ""); // the sweep's first goes unsaid
