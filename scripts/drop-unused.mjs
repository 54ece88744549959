// Takes out of a build what its crates bring along and nothing uses: the exported classes of `worker` for products that we have
// none of, which reach into the module and so keep code alive there. In place:
//
//   node scripts/drop-glue.mjs <folder with index.js and index_bg.wasm>
//
// The entry of the Worker is the default export of index.js; what that does not reach goes, first from the script, then from the
// module, of which the exports stay that the script still names. And what the module imports, by names that a compiler made for
// itself, gets short ones.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { IMPORTS, importSection, imports, moduleOf, sections } from "./wasm.mjs";

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
execFileSync(metadce, [module, "-g", "-o", module, "--graph-file", file, ...features]);
rmSync(file);

const bytes = readFileSync(module);
const short = new Map();
const renamed = sections(bytes).map(({ kind, content }) => {
  if (kind !== IMPORTS) return { kind, content };
  const all = imports(content);
  all.filter(({ name }) => name.startsWith("__wbg_")).forEach(({ name }, place) => short.set(name, `$${place.toString(36)}`));
  return { kind, content: importSection(all.map((one) => ({ ...one, name: short.get(one.name) ?? one.name }))) };
});
writeFileSync(module, moduleOf(bytes, renamed));
writeFileSync(script, text.replace(/__wbg_[\w$]+/g, (name) => short.get(name) ?? name));
