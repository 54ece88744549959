// Takes out of a build what its crates bring along and nothing uses. In place:
//
//   node scripts/drop-unused.mjs <folder with index.js and index_bg.wasm> [<feature>...]
//
// The entry of the Worker is the default export of index.js; what that does not reach goes, first from the script, then from the
// module, of which the exports stay that the script still names: `worker` exports classes for products that we have none of.
//
// A function stays, too, for what calls it in a case that does not come. Those that NEVER_RUN lists are emptied, and what they alone
// called goes.
//
// And what the module imports, by names that a compiler made for itself, gets short ones.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import {
  CODE, CUSTOM, DATA, ELEMENTS, IMPORTS, bodies as bodiesOf, callsIn, codeSection, constantsIn, contentOf, dataOf, functionNames,
  functionsOf, importSection, imports, moduleOf, nameOf, sections, table,
} from "./wasm.mjs";

/** The body of a function without locals that returns 0, which says that all went well. */
const RETURNS_0 = Buffer.from([0, 0x41, 0, 0x0b]);

/**
 * What never runs although something points to it, by its name; it is left as it is where `unless` finds that it may run after all.
 * Compilers make one function of several that are alike, under the name of any of them: nothing belongs here that would do harm to
 * whoever meets it nevertheless. Of these, a text would lack a number.
 */
const NEVER_RUN = [
  // How serde says that it did not expect a number with a point. serde_json, of which all our errors are, says it by its own means.
  { name: /^<serde_core\[\w+\]::de::WithDecimalPoint as core\[\w+\]::fmt::Display>::fmt$/ },
  // That was what wrote such a number by the means of the standard library, which take 18 KB beside those of serde_json.
  { name: /^<f64 as core\[\w+\]::fmt::Display>::fmt$/, unless: isReached },
];

const folder = process.argv[2];
const script = path.join(folder, "index.js");
const module = path.join(folder, "index_bg.wasm");
const features = process.argv.slice(3);

// A class is wrapped in a proxy and registered for finalization as soon as the script is read. Neither does anything by itself,
// which a bundler cannot know; and no runtime that we serve lacks either.
const marked = readFileSync(script, "utf8").replace(/new (Proxy|FinalizationRegistry)\(/g, "/* @__PURE__ */ new $1(");
const { outputFiles } = await build({
  stdin: { contents: 'export { default } from "./index.js";', resolveDir: folder },
  plugins: [
    {
      name: "marked",
      setup: (build) => build.onLoad({ filter: /[\\/]index\.js$/ }, () => ({ contents: marked })),
    },
  ],
  // Classes name their `free` as what disposes of them; nothing here is declared with `using`.
  define: { "Symbol.dispose": "undefined" },
  external: ["./index_bg.wasm", "cloudflare:*"],
  bundle: true,
  format: "esm",
  minify: true,
  write: false,
});
const [{ text }] = outputFiles;

const words = new Set(text.match(/[\w$]+/g));
const exported = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(module))).map(({ name }) => name);
const used = exported.filter((name) => words.has(name));
const graph = [{ name: "script", root: true, reaches: used }, ...used.map((name) => ({ name, export: name }))];
const file = path.join(folder, "graph.json");
writeFileSync(file, JSON.stringify(graph));
const metadce = path.join(import.meta.dirname, "../node_modules/.bin/wasm-metadce");
const imported = imports(contentOf(sections(readFileSync(module)), IMPORTS));
do execFileSync(metadce, [module, "-g", "-o", module, "--graph-file", file, ...features]);
while (emptied());
rmSync(file);
const stale = NEVER_RUN.find(({ seen }) => !seen);
if (stale) throw new Error(`No function is named like ${stale.name}: what NEVER_RUN says of it is out of date.`);

const bytes = readFileSync(module);
// Of all that the script has for the module, although some of it is not imported any more.
const made = imported.map(({ name }) => name).filter((name) => name.startsWith("__wbg_"));
const short = new Map(made.map((name, place) => [name, `$${place.toString(36)}`]));
const renamed = sections(bytes).map(({ kind, content }) => {
  if (kind !== IMPORTS) return { kind, content };
  return { kind, content: importSection(imports(content).map((one) => ({ ...one, name: short.get(one.name) ?? one.name }))) };
});
writeFileSync(module, moduleOf(bytes, renamed));
writeFileSync(script, text.replace(/__wbg_[\w$]+/g, (name) => short.get(name) ?? name));

/** Empties the functions that never run. Whether any of them had something in it. */
function emptied() {
  const all = sections(readFileSync(module));
  const first = functionsOf(imports(contentOf(all, IMPORTS)));
  const names = functionNames(all.find(({ kind, content }) => kind === CUSTOM && nameOf(content) === "name").content);
  const before = bodiesOf(contentOf(all, CODE));
  const bodies = [...before];
  for (const one of NEVER_RUN) {
    const found = [...names].filter(([, name]) => one.name.test(name)).map(([index]) => index);
    one.seen ||= found.length > 0;
    found.filter((index) => !one.unless?.(all, bodies, index)).forEach((index) => (bodies[index - first] = RETURNS_0));
  }
  if (bodies.every((body, at) => body.equals(before[at]))) return false;
  const changed = all.map((section) => (section.kind === CODE ? { kind: CODE, content: codeSection(bodies) } : section));
  writeFileSync(module, moduleOf(readFileSync(module), changed));
  return true;
}

/**
 * Whether code may call a function or have a pointer to it, which is its place in the module's table, or a table of methods (vtable) of a
 * type of 8 bytes holds it.
 */
function isReached(all, bodies, index) {
  const code = Buffer.concat(bodies);
  if (new Set(callsIn(code)).has(index)) return true;
  const places = [...table(contentOf(all, ELEMENTS))].filter(([, at]) => at === index).map(([place]) => place);
  const named = new Set(constantsIn(code));
  // A table of methods has how a value is dropped, its size, its alignment, and then them.
  const methods = (words) => words.filter((_, at) => words[at - 1] === 8 && words[at - 2] === 8);
  const pointed = new Set(dataOf(contentOf(all, DATA)).flatMap((segment) => methods(wordsOf(segment))));
  return places.some((place) => named.has(place) || pointed.has(place));
}

/** All that stands in a segment of data where a pointer may. */
function wordsOf({ address, bytes }) {
  const start = (4 - (address % 4)) % 4;
  return Array.from({ length: (bytes.length - start) >> 2 }, (_, at) => bytes.readInt32LE(start + 4 * at));
}
