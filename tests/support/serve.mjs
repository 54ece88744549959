// The built module in workerd, for tests and benchmarks: no wrangler between, which would log and slow each request down.
//
//   node tests/support/serve.mjs [--port N] [--state-dir DIR] [--log-file FILE] [--var NAME=VALUE]...
//
// applies the migrations, serves, and prints one line of JSON when it is ready:
//
//   {"url": ..., "operator_token": ..., "d1_file": ..., "log_file": ...}
//
// It ends on SIGTERM, on SIGINT, and when its standard input, if that is a pipe, closes: so it never outlives a test run that died.
// `startTenantry` is the same thing for a test that is written in JavaScript.

import { createWriteStream, fstatSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { VARIABLES, modules, startInstallation } from "../../scripts/installation.mjs";

export { modules };

/**
 * Starts a Tenantry of its own.
 *
 * @param {object} [options]
 * @param {number} [options.port] 0, the default, takes any free one
 * @param {string} [options.stateDir] where D1 lives; without it a temporary directory, removed by `stop`
 * @param {string | null} [options.logFile] what the worker's console says, one line each; default `worker.log` in `stateDir`;
 *   null throws it away
 * @param {Record<string, string | null>} [options.vars] secrets and variables over those of the environment; null leaves one out
 * @param {boolean} [options.queue] whether there is a queue; there is one
 * @param {Record<string, object>} [options.bindings] more bindings, as Miniflare has them
 * @param {string} [options.buildDir] default `build`
 * @param {Record<string, object>} [options.modules] another worker's modules in their place: what benchmarks compare with
 * @param {string} [options.migrationsDir] default `migrations`
 * @returns {Promise<{url: string, operatorToken: string, d1File: string, logFile: string | null,
 *   database: import("@cloudflare/workers-types").D1Database, payloads: any,
 *   stop: () => Promise<void>}>} `url` has no trailing slash; `database` is D1 itself, beside the worker, as `payloads` is KV
 */
export async function startTenantry(options = {}) {
  const temporary = options.stateDir ? null : await mkdtemp(path.join(tmpdir(), "tenantry-"));
  const stateDir = path.resolve(options.stateDir ?? temporary);
  await mkdir(stateDir, { recursive: true });
  const logFile = options.logFile === undefined ? path.join(stateDir, "worker.log") : options.logFile;
  const log = logFile === null ? null : createWriteStream(logFile, { flags: "a" });
  const write = (line) => log?.write(line + "\n");
  const vars = variables(options.vars);
  let miniflare;
  const stop = async () => {
    await miniflare?.dispose();
    if (log) {
      log.end();
      await once(log, "close");
    }
    if (temporary) await rm(temporary, { recursive: true, force: true });
  };

  try {
    let database;
    ({ miniflare, database } = await startInstallation({
      ...options,
      stateDir,
      vars,
      write,
      // `GET /cdn-cgi/local/scheduled` asks for what the clock asks for.
      shared: { unsafeTriggerHandlers: true },
    }));
    const url = (await miniflare.ready).origin;
    const payloads = await miniflare.getKVNamespace("PAYLOADS");
    return { url, operatorToken: vars.OPERATOR_TOKEN, d1File: await d1File(stateDir), logFile, database, payloads, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The worker's secrets and variables: fresh ones, over them the environment's, over them the caller's. */
function variables(chosen = {}) {
  const fresh = {
    OPERATOR_TOKEN: randomBytes(20).toString("hex"),
    TOKEN_KEY: randomBytes(32).toString("hex"),
    SIGNING_KEY: randomBytes(32).toString("hex"),
    SERVER_TIMING: "true",
  };
  const given = VARIABLES.filter((name) => process.env[name]).map((name) => [name, process.env[name]]);
  const all = { ...fresh, ...Object.fromEntries(given), ...chosen };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

/** The SQLite file behind D1; `-wal` beside it holds what is not folded in yet. */
async function d1File(stateDir) {
  const directory = path.join(stateDir, "d1", "miniflare-D1DatabaseObject");
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  if (names.length !== 1) throw new Error(`one database was expected in ${directory}: ${names.join(", ")}`);
  return path.join(directory, names[0]);
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      "state-dir": { type: "string" },
      "log-file": { type: "string" },
      var: { type: "string", multiple: true, default: [] },
    },
  });
  const tenantry = await startTenantry({
    port: Number(values.port),
    stateDir: values["state-dir"],
    logFile: values["log-file"],
    vars: Object.fromEntries(values.var.map((pair) => pair.split(/=(.*)/s, 2))),
  });

  let stopping = false;
  const end = async () => {
    if (stopping) return;
    stopping = true;
    await tenantry.stop();
    process.exit(0);
  };
  // Miniflare's own answer to a signal is to exit at once: the log unwritten, the temporary directory left, a status of 143.
  for (const signal of ["SIGTERM", "SIGINT"]) process.removeAllListeners(signal).on(signal, end);
  const stdin = fstatSync(0);
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.on("close", end).resume();

  console.log(
    JSON.stringify({
      url: tenantry.url,
      operator_token: tenantry.operatorToken,
      d1_file: tenantry.d1File,
      log_file: tenantry.logFile,
    }),
  );
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main().catch((error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  });
}
