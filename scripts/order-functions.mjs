// Orders the functions of a module, in place, so that those whose code is alike stand beside each other: gzip finds again only what stood
// within the 32 KB before. It names them, and wasm-opt sorts them by their names.
//
//   node scripts/order-functions.mjs <module> <wasm-opt> [<feature>...]
//
// The next function is always the one of which most was seen in those shortly before it: of its runs of `RUN` bytes, counted against
// its length. How far back and how much the length counts is tried, since a small change in the module moves everything. Where a function
// stands is in each call of it, too, so the orders that look smallest are made, and another round begins with the one that is: of all
// that were made the smallest is kept. The same module gives the same order.
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { CODE, CUSTOM, IMPORTS, bodies as bodiesOf, contentOf, functionsOf, imports, moduleOf, nameOf, nameSection, sections } from "./wasm.mjs";

const RUN = 6;
// Less than gzip looks back: a function has to find another whole, and what is near costs less.
const REACHES = [22_000, 24_000, 26_000, 28_000];
// With a power of 1 the short functions would come first.
const LENGTHS_COUNT = [0.6, 0.65, 0.7, 0.75];
const ROUNDS = 4;
/** Orders that are made in a round. */
const MADE = 4;

const [path, wasmOpt, ...features] = process.argv.slice(2);
const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;
const named = `${path}.named`;
let module = readFileSync(path);
let smallest = Infinity;
for (let round = 0; round < ROUNDS; round++) {
  let best = { size: Infinity };
  for (const place of promising(module)) {
    writeFileSync(named, withNames(module, place));
    execFileSync(wasmOpt, [named, "-o", named, "--reorder-functions-by-name", ...features]);
    const made = readFileSync(named);
    const size = gzipped(made);
    if (size < best.size) best = { size, made };
    if (size < smallest) {
      smallest = size;
      copyFileSync(named, path);
    }
  }
  module = best.made;
}
rmSync(named);

/** The place of each function in those orders of which the code alone compresses best. */
function promising(module) {
  const bodies = bodiesOf(contentOf(sections(module), CODE));
  const seen = runsOf(bodies);
  const tried = REACHES.flatMap((reach) => LENGTHS_COUNT.map((counts) => orderOf(bodies, seen, reach, counts)));
  const sized = tried.map((order) => ({ order, size: gzipped(Buffer.concat(order.map((index) => bodies[index]))) }));
  return sized
    .sort((one, other) => one.size - other.size)
    .slice(0, MADE)
    .map(({ order }) => {
      const place = [];
      order.forEach((index, at) => (place[index] = at));
      return place;
    });
}

/** The module with names by which its functions sort. */
function withNames(module, place) {
  const all = sections(module);
  const imported = functionsOf(imports(contentOf(all, IMPORTS)));
  const kept = all.filter(({ kind, content }) => kind !== CUSTOM || nameOf(content) !== "name");
  // Names that sort as the places do.
  const names = new Map(place.map((at, index) => [imported + index, `f${String(at).padStart(6, "0")}`]));
  return moduleOf(module, [...kept, { kind: CUSTOM, content: nameSection(names) }]);
}

/** The runs of bytes of each function, by numbers, and the functions that have each. */
function runsOf(bodies) {
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
  return { runs, withRun };
}

/** The functions in an order in which those that are alike are near each other. */
function orderOf(bodies, { runs, withRun }, reach, counts) {
  const near = new Int32Array(withRun.length);
  const known = new Int32Array(bodies.length);
  const enter = (index) => runs[index].forEach((run) => near[run]++ || withRun[run].forEach((other) => known[other]++));
  const leave = (index) => runs[index].forEach((run) => --near[run] || withRun[run].forEach((other) => known[other]--));

  const weight = runs.map((own) => (own.length + 8) ** counts);
  // From the middle on: the first function is the longest, and behind that alone nothing would be in reach.
  const left = new Set(bodies.map((_, index) => (index + (bodies.length >> 1)) % bodies.length));
  const order = [];
  for (let first = 0, reached = 0; left.size > 0; ) {
    let [best] = left;
    for (const index of left) if (known[index] / weight[index] > known[best] / weight[best]) best = index;
    left.delete(best);
    order.push(best);
    enter(best);
    for (reached += bodies[best].length; reached > reach; first++) {
      leave(order[first]);
      reached -= bodies[order[first]].length;
    }
  }
  return order;
}
