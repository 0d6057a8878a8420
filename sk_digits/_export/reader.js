// From a picture to the probabilities of the classes: MNIST's frame and the network, in plain functions.
// MODEL is filled in when the page is made.

// ---- Ink ----

const OTSU_BINS = 128;
const MIN_INK = 0.1; // fainter ink does not widen the bounding box of a digit

/** Return the intensity of the ink in a grey picture, from 0 (background) to 1, whatever its polarity. */
function inkIntensity(pixels, height, width) {
  const [lowest, highest] = range(pixels);
  const span = highest - lowest;
  const ink = new Float64Array(pixels.length);
  if (span === 0) return ink;
  let values = Float64Array.from(pixels, (value) => (value - lowest) / span);
  let threshold = otsuThreshold(values);
  if (backgroundShare(values, height, width, threshold) > 0.5) {
    values = values.map((value) => 1 - value);
    threshold = 1 - threshold;
  }
  const border = values.filter((_, index) => {
    const row = Math.floor(index / width), column = index % width;
    return row === 0 || row === height - 1 || column === 0 || column === width - 1;
  });
  // There is background even where ink covers the border.
  const background = [...border, range(values)[0]].filter((value) => value <= threshold);
  const level = lowerMedian(background);
  // Ink lies above the level, so the noise is measured below it.
  const noise = 1.4826 * lowerMedian(background.filter((value) => value <= level).map((value) => level - value));
  threshold = Math.max(threshold, level + 3 * noise);
  // Full intensity is a robust maximum: a tenth of the inked pixels may exceed it.
  const tenth = Math.floor(values.filter((value) => value > threshold).length / 10);
  const full = Float64Array.from(values).sort()[values.length - 1 - tenth];
  for (let i = 0; i < values.length; i++) {
    if (values[i] - level >= 3 * noise) ink[i] = clip((values[i] - level) / Math.max(full - level, 1e-12), 0, 1);
  }
  return ink;
}

/** Return the threshold that separates values in [0, 1] best (N. Otsu, 1979). */
function otsuThreshold(values) {
  const counts = new Float64Array(OTSU_BINS);
  for (const value of values) counts[Math.min(Math.floor(value * OTSU_BINS), OTSU_BINS - 1)]++;
  const total = counts.reduce((sum, count, bin) => sum + (count * (bin + 0.5)) / OTSU_BINS, 0);
  const variances = [];
  let nBelow = 0, sumBelow = 0;
  for (let bin = 0; bin < OTSU_BINS - 1; bin++) {
    nBelow += counts[bin];
    sumBelow += (counts[bin] * (bin + 0.5)) / OTSU_BINS;
    const nAbove = values.length - nBelow;
    const difference = sumBelow / Math.max(nBelow, 1) - (total - sumBelow) / Math.max(nAbove, 1);
    variances.push(nBelow * nAbove * difference ** 2);
  }
  // If several bins separate equally well, their middle is taken.
  const best = Math.max(...variances) * (1 - 1e-9);
  const edges = variances.flatMap((variance, bin) => (variance >= best ? [(bin + 1) / OTSU_BINS] : []));
  return edges.reduce((sum, edge) => sum + edge, 0) / edges.length;
}

/** Return the mean share of the border, the corners and the whole picture that is above a threshold. */
function backgroundShare(values, height, width, threshold) {
  const side = Math.max(1, Math.floor(Math.min(height, width) / 8));
  const sums = { border: 0, corners: 0, whole: 0 }, counts = { border: 0, corners: 0, whole: 0 };
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const above = values[row * width + column] > threshold ? 1 : 0;
      const atEnd = row < side || row >= height - side;
      const places = { whole: true, corners: atEnd && (column < side || column >= width - side),
        border: row === 0 || row === height - 1 || column === 0 || column === width - 1 };
      for (const place in places) {
        if (places[place]) { sums[place] += above; counts[place]++; }
      }
    }
  }
  return (sums.border / counts.border + sums.corners / counts.corners + sums.whole / counts.whole) / 3;
}

/** Set connected components to 0 that have less than 2 % of the ink of the largest one. */
function removeSmallComponents(ink, height, width) {
  const labels = new Int32Array(ink.length), masses = [0];
  for (let start = 0; start < ink.length; start++) {
    if (ink[start] === 0 || labels[start]) continue;
    const label = masses.length, pending = [start];
    let mass = 0;
    labels[start] = label;
    while (pending.length) {
      const index = pending.pop(), row = Math.floor(index / width), column = index % width;
      mass += ink[index];
      for (let r = Math.max(row - 1, 0); r <= Math.min(row + 1, height - 1); r++) {
        for (let c = Math.max(column - 1, 0); c <= Math.min(column + 1, width - 1); c++) {
          const neighbour = r * width + c;
          if (ink[neighbour] > 0 && !labels[neighbour]) { labels[neighbour] = label; pending.push(neighbour); }
        }
      }
    }
    masses.push(mass);
  }
  const least = 0.02 * Math.max(...masses);
  return ink.map((value, index) => (masses[labels[index]] >= least ? value : 0));
}

// ---- MNIST's frame ----

/** Scale the digit of a grey picture into the box of the frame and centre it by its mass. */
function frameDigit(pixels, height, width, { shape, box }) {
  const ink = removeSmallComponents(inkIntensity(pixels, height, width), height, width);
  const rows = new Float64Array(height), columns = new Float64Array(width);
  const inkedRows = new Uint8Array(height), inkedColumns = new Uint8Array(width);
  ink.forEach((value, index) => {
    const row = Math.floor(index / width), column = index % width;
    rows[row] += value;
    columns[column] += value;
    if (value > MIN_INK) inkedRows[row] = inkedColumns[column] = 1;
  });
  const vertical = extent(rows, inkedRows), horizontal = extent(columns, inkedColumns);
  const scale = box / Math.max(vertical.size, horizontal.size);
  const down = resamplingWeights(vertical, scale, shape[0], height);
  const across = resamplingWeights(horizontal, scale, shape[1], width);
  const out = new Float64Array(shape[0] * shape[1]);
  for (let i = 0; i < shape[0]; i++) {
    const line = new Float64Array(width); // one output row before it is resampled across
    for (const [row, weight] of down[i]) {
      for (let column = 0; column < width; column++) line[column] += weight * ink[row * width + column];
    }
    for (let j = 0; j < shape[1]; j++) {
      for (const [column, weight] of across[j]) out[i * shape[1] + j] += weight * line[column];
    }
  }
  // Downscaling makes thin lines grey; MNIST's strokes are black.
  const full = range(out)[1];
  return full > 0 ? out.map((value) => value / full) : out;
}

/** Return where the ink begins along an axis, its size, and its centre of mass. */
function extent(profile, inked) {
  const start = Math.max(inked.indexOf(1), 0);
  const last = inked.lastIndexOf(1);
  const stop = last < 0 ? inked.length : last + 1;
  let total = 0, moment = 0;
  profile.forEach((value, index) => { total += value; moment += value * (index + 0.5); });
  return { start, size: stop - start, centre: moment / (total || 1) };
}

/** Return, for each output pixel along an axis, the input pixels that it averages, with their weights. */
function resamplingWeights({ start, size, centre }, scale, nOut, nIn) {
  // Whole pixels, so that images that are in the frame already do not change.
  const wanted = roundHalfToEven(Math.floor(nOut / 2) + 0.5 - (centre - start) * scale);
  const shift = clip(wanted, 0, Math.max(nOut - Math.ceil(size * scale), 0));
  const origin = start - shift / scale, reach = Math.max(1 / scale, 1);
  return Array.from({ length: nOut }, (_, i) => {
    const middle = origin + (i + 0.5) / scale, weights = [];
    const from = Math.max(Math.floor(middle - reach / 2), 0), to = Math.min(Math.ceil(middle + reach / 2), nIn);
    for (let pixel = from; pixel < to; pixel++) {
      const overlap = Math.min(pixel + 1, middle + reach / 2) - Math.max(pixel, middle - reach / 2);
      if (overlap > 0) weights.push([pixel, overlap / reach]);
    }
    return weights;
  });
}

// ---- The network ----

const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const elu = (z) => (z > 0 ? z : Math.expm1(z));
const ACTIVATIONS = {
  celu: elu,
  elu,
  exponential: Math.exp,
  gelu: (z) => 0.5 * z * (1 + erf(z / Math.SQRT2)),
  hard_shrink: (z) => (Math.abs(z) > 0.5 ? z : 0),
  hard_sigmoid: (z) => clip(z / 6 + 0.5, 0, 1),
  hard_silu: (z) => z * clip(z / 6 + 0.5, 0, 1),
  hard_tanh: (z) => clip(z, -1, 1),
  leaky_relu: (z) => (z >= 0 ? z : 0.2 * z),
  linear: (z) => z,
  log_sigmoid: (z) => -softplus(-z),
  mish: (z) => z * Math.tanh(softplus(z)),
  relu: (z) => Math.max(z, 0),
  relu6: (z) => clip(z, 0, 6),
  selu: (z) => 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * Math.expm1(z)),
  sigmoid,
  silu: (z) => z * sigmoid(z),
  soft_shrink: (z) => z - clip(z, -0.5, 0.5),
  softplus,
  softsign: (z) => z / (1 + Math.abs(z)),
  sparse_plus: (z) => (z < 1 ? (clip(z, -1, 1) + 1) ** 2 / 4 : z),
  sparse_sigmoid: (z) => clip((z + 1) / 2, 0, 1),
  squareplus: (z) => (z + Math.sqrt(z * z + 4)) / 2,
  tanh: Math.tanh,
  tanh_shrink: (z) => z - Math.tanh(z),
};
const LAYER_ACTIVATIONS = { softmax, log_softmax: (z) => softmax(z).map(Math.log) };

/** Return the probability of each class for an image in the frame, with values from 0 to 1. */
function predictProbabilities(image) {
  const { factor, offset } = NETWORK;
  const pixels = Float64Array.from(image, (value, i) => value * factor[i % factor.length] + offset[i % offset.length]);
  const views = [pixels, ...MODEL.views.map((view) => transformImage(pixels, MODEL.frame.shape, view))];
  const logits = views.map(computeLogits);
  return softmax(logits[0].map((_, k) => logits.reduce((sum, z) => sum + z[k], 0) / logits.length));
}

/** Return the outputs of the last layer before the softmax. */
function computeLogits(pixels) {
  let values = pixels;
  NETWORK.layers.forEach(({ kernel, bias }, index) => {
    const z = Float64Array.from(bias);
    values.forEach((value, i) => {
      if (value === 0) return; // most pixels have no ink
      const start = i * bias.length;
      for (let j = 0; j < bias.length; j++) z[j] += value * kernel[start + j];
    });
    values = index < NETWORK.layers.length - 1 ? activate(z) : z;
  });
  return Array.from(values);
}

function activate(z) {
  const name = MODEL.activation;
  return LAYER_ACTIVATIONS[name] ? Float64Array.from(LAYER_ACTIVATIONS[name](Array.from(z))) : z.map(ACTIVATIONS[name]);
}

/** Rotate and scale an image about its centre, with bilinear interpolation and its border repeated. */
function transformImage(pixels, [height, width], { angle, scale }) {
  const sin = Math.sin(angle), cos = Math.cos(angle);
  return Float64Array.from(pixels, (_, index) => {
    const v = (Math.floor(index / width) - (height - 1) / 2) * scale, u = ((index % width) - (width - 1) / 2) * scale;
    const y = clip(sin * u + cos * v + (height - 1) / 2, 0, height - 1);
    const x = clip(cos * u - sin * v + (width - 1) / 2, 0, width - 1);
    const top = Math.min(Math.floor(y), height - 2), left = Math.min(Math.floor(x), width - 2);
    const down = y - top, right = x - left, first = top * width + left;
    return (1 - down) * ((1 - right) * pixels[first] + right * pixels[first + 1]) +
      down * ((1 - right) * pixels[first + width] + right * pixels[first + width + 1]);
  });
}

function softmax(z) {
  const highest = Math.max(...z), powers = z.map((value) => Math.exp(value - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Return the error function, by its series for small arguments and a continued fraction for large ones. */
function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a, sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= -(a * a) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
}

// ---- Numbers ----

function clip(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function range(values) {
  let lowest = Infinity, highest = -Infinity;
  for (const value of values) { lowest = Math.min(lowest, value); highest = Math.max(highest, value); }
  return [lowest, highest];
}

/** Return the median, the lower of two. */
function lowerMedian(values) {
  return Float64Array.from(values).sort()[Math.floor((values.length - 1) / 2)];
}

function roundHalfToEven(value) {
  const floor = Math.floor(value), rest = value - floor;
  return rest === 0.5 ? floor + (Math.abs(floor) % 2) : Math.round(value);
}

function decodeBytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

/** Decode numbers of half precision, as IEEE 754 defines them. */
function decodeHalves(text) {
  const table = Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits >> 15 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    return exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction * 2 ** -24;
  });
  return Float32Array.from(new Uint16Array(decodeBytes(text)), (bits) => table[bits]);
}

function decodeFloats(text) {
  return new Float32Array(decodeBytes(text));
}

const NETWORK = {
  layers: MODEL.layers.map(({ kernel, bias }) => ({ kernel: decodeHalves(kernel), bias: decodeFloats(bias) })),
  factor: decodeFloats(MODEL.factor),
  offset: decodeFloats(MODEL.offset),
};
