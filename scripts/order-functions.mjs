// Names the functions of a module anew, in place, so that those whose code is alike come beside each other once wasm-opt has sorted
// them by name: gzip finds again only what stood within the 32 KB before.
//
//   node scripts/order-functions.mjs <module>
//
// The next function is always the one of which most was seen in those shortly before it: of its runs of `RUN` bytes, counted against
// its length. The same module gives the same order.
import { readFileSync, writeFileSync } from "node:fs";

const RUN = 6;
// Less than gzip looks back: a function has to find another whole, and what is near costs less.
const REACH = 24_000;
// Found by trial, as the others: with a power of 1 the short functions would come first.
const LENGTH_COUNTS = 0.7;

const IMPORTS = 2, CODE = 10, CUSTOM = 0, FUNCTION_NAMES = 1;

const path = process.argv[2];
const module = readFileSync(path);
const { imported, bodies, kept } = read(module);
const place = places(bodies);
writeFileSync(path, Buffer.concat([...kept, nameSection(imported, place)]));

/** What a module has: how many functions it imports, the code of its own, and its sections but for the names (WebAssembly core
 *  specification, chapter 5). */
function read(module) {
  let at = 8;
  let imported = 0;
  const bodies = [];
  const kept = [module.subarray(0, at)];
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = module[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const part = () => {
    const length = number();
    at += length;
    return module.subarray(at - length, at);
  };
  const limits = () => {
    const isBounded = module[at++] & 1;
    number();
    if (isBounded) number();
  };
  while (at < module.length) {
    const start = at;
    const kind = module[at++];
    const length = number();
    const end = at + length;
    const isNames = kind === CUSTOM && part().toString() === "name";
    if (kind === IMPORTS) {
      for (let left = number(); left > 0; left--) {
        part();
        part();
        const what = module[at++];
        if (what === 0) imported++, number();
        else if (what === 1) at++, limits();
        else if (what === 2) limits();
        else at += 2;
      }
    }
    if (kind === CODE) for (let left = number(); left > 0; left--) bodies.push(part());
    at = end;
    if (!isNames) kept.push(module.subarray(start, end));
  }
  return { imported, bodies, kept };
}

/** The place of each function. */
function places(bodies) {
  const withRun = [];
  const numbers = new Map();
  const runs = bodies.map((body) => {
    const own = new Set();
    for (let from = 0; from + RUN <= body.length; from++) {
      const bytes = body.latin1Slice(from, from + RUN);
      if (!numbers.has(bytes)) withRun[numbers.size] = [], numbers.set(bytes, numbers.size);
      own.add(numbers.get(bytes));
    }
    return [...own];
  });
  runs.forEach((own, index) => own.forEach((run) => withRun[run].push(index)));

  const near = new Int32Array(withRun.length);
  const known = new Int32Array(bodies.length);
  const enter = (index) => runs[index].forEach((run) => near[run]++ || withRun[run].forEach((other) => known[other]++));
  const leave = (index) => runs[index].forEach((run) => --near[run] || withRun[run].forEach((other) => known[other]--));

  const weight = runs.map((own) => (own.length + 8) ** LENGTH_COUNTS);
  // From the middle on: the first function is the longest, and behind that alone nothing would be in reach.
  const left = new Set(bodies.map((_, index) => (index + (bodies.length >> 1)) % bodies.length));
  const order = [];
  for (let first = 0, reached = 0; left.size > 0; ) {
    let [best] = left;
    for (const index of left) if (known[index] / weight[index] > known[best] / weight[best]) best = index;
    left.delete(best);
    order.push(best);
    enter(best);
    for (reached += bodies[best].length; reached > REACH; first++) {
      leave(order[first]);
      reached -= bodies[order[first]].length;
    }
  }
  const place = [];
  order.forEach((index, at) => (place[index] = at));
  return place;
}

/** The names, which sort as the places do. */
function nameSection(imported, place) {
  const names = place.map((at, index) => [...number(imported + index), ...text(`f${String(at).padStart(6, "0")}`)]);
  const map = [...number(place.length), ...names.flat()];
  const section = [...text("name"), FUNCTION_NAMES, ...number(map.length), ...map];
  return Buffer.from([CUSTOM, ...number(section.length), ...section]);
}

function text(string) {
  const bytes = Buffer.from(string);
  return [...number(bytes.length), ...bytes];
}

function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}
