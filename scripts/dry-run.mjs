// What `wrangler deploy` would upload, with neither an account nor a connection: the release build by wrangler's own bundler, below the
// limit of its size, with each binding that wrangler.toml has.
//
//   node scripts/dry-run.mjs
//
// Leaves what would be uploaded in target/dry-run; ends with status 1 where something is missing from it.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
const OUT = "target/dry-run";
/** wrangler counts in KiB, packs less tightly than scripts/size-check.sh, and adds to the script: 9 KB more in all. */
const LIMIT_KIB = 560;
const BINDINGS = [
  ["DB", "D1 Database"],
  ["PAYLOADS", "KV Namespace"],
  ["QUEUE", "Queue"],
  ["ASSETS", "Assets"],
];

rmSync(path.join(ROOT, OUT), { recursive: true, force: true });
// Whatever account somebody is signed in to has no part in it.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CLOUDFLARE_API_")));
const run = spawnSync(process.execPath, ["node_modules/wrangler/bin/wrangler.js", "deploy", "--dry-run", "--outdir", OUT], {
  cwd: ROOT,
  env: { ...env, CI: "true", NO_COLOR: "1" },
  stdio: ["ignore", "pipe", "pipe"],
  encoding: "utf8",
});

const faults = [];
if (run.status !== 0) faults.push(`wrangler ended with status ${run.status ?? run.signal}`);
const gzipped = Number(run.stdout.match(/^Total Upload: [\d.]+ KiB \/ gzip: ([\d.]+) KiB$/m)?.[1]);
if (!(gzipped < LIMIT_KIB)) faults.push(`${gzipped} KiB gzipped; the limit is ${LIMIT_KIB}`);
for (const [name, kind] of BINDINGS) {
  if (!new RegExp(`^env\\.${name}\\b.* ${kind}\\s*$`, "m").test(run.stdout)) faults.push(`no ${name}, which is to be a ${kind}`);
}
const warning = run.stderr.match(/^.*WARNING.*$/m)?.[0];
if (warning) faults.push(warning.trim());
const files = faults.length === 0 ? readdirSync(path.join(ROOT, OUT)) : [];
for (const end of ["index.js", "index_bg.wasm"]) {
  if (faults.length === 0 && !files.some((file) => file.endsWith(end))) faults.push(`no ${end} in ${OUT}`);
}
if (faults.length > 0) {
  console.error(`${run.stdout}${run.stderr}`);
  for (const fault of faults) console.error(`error: the dry run of a deployment: ${fault}`);
  process.exit(1);
}
console.log(`deploy         would upload ${gzipped} KiB gzipped, bound to ${BINDINGS.map(([name]) => name).join(", ")}`);
