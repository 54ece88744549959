// The built module in workerd on this machine, with D1, KV and the queue in one directory, by Miniflare's own interface: what
// scripts/serve.mjs serves, and what tests and benchmarks start. No wrangler between, which would log and slow each request down.

import { mkdir, readFile, readdir } from "node:fs/promises";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
// Pinned here as in wrangler.toml; tests/support/serve.test.mjs compares the two.
export const COMPATIBILITY_DATE = "2026-11-01";
export const COMPATIBILITY_FLAGS = ["enable_request_signal", "global_fetch_strictly_public"];
// The files of public/, as wrangler.toml has them, but behind a worker of their own: in front of one that has assets Miniflare puts two
// more, through which every request would go, and which would then be what is measured.
const FILES = {
  name: "files",
  compatibilityDate: COMPATIBILITY_DATE,
  manifest: {
    mainModule: "files.js",
    modulesRoot: ROOT,
    modules: { "files.js": { type: "esm", contents: "export default { fetch: (request, env) => env.ASSETS.fetch(request) };" } },
  },
  assets: { directory: path.join(ROOT, "public"), htmlHandling: "none", notFoundHandling: "none", hasUserWorker: true, runWorkerFirst: true },
  env: { ASSETS: { type: "assets" } },
};
// wrangler's own table, so that it and this script can take turns on one database.
const APPLIED = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;
/** What wrangler.toml documents: secrets and variables. */
export const VARIABLES = [
  "OPERATOR_TOKEN",
  "TOKEN_KEY",
  "TOKEN_KEY_PREVIOUS",
  "SIGNING_KEY",
  "SIGNING_KEY_PREVIOUS",
  "SERVICE_USER_DOMAIN",
  "REQUESTS_PER_MINUTE",
  "SERVER_TIMING",
  "UPSTREAM_PORTS",
  "UPSTREAM_ALLOWED_HOSTS",
  "ALLOW_LOOPBACK_UPSTREAMS",
  "PUBLIC_HOSTS",
  "SERVICES_DOMAIN",
  "CONSOLE_ORIGIN",
  "SESSION_HOURS",
  "ADMIN_SIGN_IN_LINKS",
  "REQUIRE_PRICE",
];

/**
 * Starts the module and applies the migrations.
 *
 * @param {object} options
 * @param {string} options.stateDir where D1 and KV live
 * @param {Record<string, string>} options.vars secrets and variables
 * @param {(line: string) => void} options.write takes what the worker's console says, a line at a time
 * @param {number} [options.port] where Miniflare's own door listens, which is for tests; 0, the default, takes any free one
 * @param {boolean} [options.queue] whether there is a queue; there is one
 * @param {Record<string, object>} [options.bindings] more bindings, as Miniflare has them
 * @param {string} [options.buildDir] default `build`
 * @param {Record<string, object>} [options.modules] another worker's modules in their place
 * @param {string} [options.migrationsDir] default `migrations`
 * @param {object} [options.dev] of the worker, what Miniflare has beside its configuration
 * @param {object[]} [options.workers] more workers
 * @param {object} [options.shared] what Miniflare is told for all of them
 * @returns {Promise<{miniflare: import("miniflare").Miniflare, database: import("@cloudflare/workers-types").D1Database}>}
 */
export async function startInstallation(options) {
  const buildDir = options.buildDir ?? path.join(ROOT, "build");
  const migrationsDir = options.migrationsDir ?? path.join(ROOT, "migrations");
  const queue = options.queue ?? true;
  await mkdir(options.stateDir, { recursive: true });

  // Here and not above: its own refusal of an old Node is a stack trace.
  const { Miniflare } = await import("miniflare");
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: options.port ?? 0,
    // No download of the `cf` object: nothing here needs a connection.
    cf: false,
    logRequests: false,
    resourcePersistencePath: options.stateDir,
    handleStructuredLogs: ({ message }) => options.write(message),
    handleUncaughtError: (error) => options.write(`uncaught: ${error.stack ?? error}`),
    ...options.shared,
    workers: [
      {
        config: {
          name: "tenantry",
          compatibilityDate: COMPATIBILITY_DATE,
          compatibilityFlags: COMPATIBILITY_FLAGS,
          // As wrangler.toml has it.
          triggers: queue ? [{ type: "queue", name: "tenantry-requests", maxBatchSize: 5, maxBatchTimeout: 1, maxRetries: 100 }] : [],
          manifest: { mainModule: "index.js", modulesRoot: buildDir, modules: options.modules ?? (await modules(buildDir)) },
          env: {
            DB: { type: "d1", id: "tenantry" },
            PAYLOADS: { type: "kv", id: "payloads" },
            ...(queue ? { QUEUE: { type: "queue", name: "tenantry-requests" } } : {}),
            ASSETS: { type: "worker", worker: FILES.name },
            ...options.bindings,
            ...Object.fromEntries(Object.entries(options.vars).map(([name, value]) => [name, { type: "text", value }])),
          },
        },
        ...(options.dev ? { dev: options.dev } : {}),
      },
      { config: FILES },
      ...(options.workers ?? []),
    ],
  });
  try {
    await miniflare.ready;
    const database = await miniflare.getD1Database("DB");
    await migrate(database, migrationsDir);
    return { miniflare, database };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

/** The two files that worker-build leaves for the runtime. */
export async function modules(buildDir) {
  try {
    return {
      "index.js": { type: "esm", contents: await readFile(path.join(buildDir, "index.js"), "utf8") },
      "index_bg.wasm": { type: "wasm", contents: new Uint8Array(await readFile(path.join(buildDir, "index_bg.wasm"))) },
    };
  } catch (cause) {
    throw new Error(`nothing is built in ${buildDir}: make build`, { cause });
  }
}

/** Applies what has not been applied, each migration with its own record in one transaction. */
async function migrate(database, migrationsDir) {
  await database.prepare(APPLIED).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map(({ name }) => name));
  const files = (await readdir(migrationsDir)).filter((name) => name.endsWith(".sql") && !applied.has(name)).sort();
  for (const name of files) {
    const sql = await readFile(path.join(migrationsDir, name), "utf8");
    try {
      await database.batch([
        database.prepare(sql),
        database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
      ]);
    } catch (cause) {
      throw new Error(`${name}: ${cause.message}`, { cause });
    }
  }
}
