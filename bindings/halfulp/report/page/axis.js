// One axis of the plot: limits, ticks, and where in pixels a value lies.
function niceStep(span, most) {
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9));
}

function linearTicks(low, high, most) {
  const step = niceStep(high - low, most);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(i * step);
  return ticks;
}

function logTicks(low, high) {
  if (high < 8 * low) return linearTicks(low, high, 6);
  const factors = high < 1e4 * low ? [1, 2, 5] : [1];
  const ticks = [];
  const decades = Math.log10(high / low);
  const skip = Math.max(1, Math.ceil(decades / 10));
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    if (power % skip) continue;
    for (const factor of factors) {
      const tick = factor * 10 ** power;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

class Axis {
  // values: as the column places them. from, to: pixels of the low and the high end.
  constructor(column, values, from, to) {
    this.column = column;
    this.log = column.scale === "log";
    const finite = values.filter((value) => !Number.isNaN(value));
    let low = Math.min(...finite), high = Math.max(...finite);
    if (this.log) {
      const margin = Math.max(1.2, (high / low) ** 0.05);
      [low, high] = [low / margin, high * margin];
    } else {
      const margin = Math.max(0.05 * (high - low), 1e-3 * Math.abs(high)) || 1;
      [low, high] = [low - margin, high + margin];
    }
    Object.assign(this, { low, high, from, to });
  }

  pixel(value) {
    const part = this.log
      ? Math.log(value / this.low) / Math.log(this.high / this.low)
      : (value - this.low) / (this.high - this.low);
    return this.from + part * (this.to - this.from);
  }

  ticks() {
    const ticks = this.log ? logTicks(this.low, this.high) : linearTicks(this.low, this.high, 9);
    return ticks.map((value) => [value, this.column.name === "bytes" ? bytes(value) : plain(value, 4)]);
  }
}
