// `make deploy` into an account where nothing is, and again, against a stand-in of Cloudflare's API (cloudflare.mjs): what is made, in which
// order, and what the Worker is bound to. It uploads the release build, so it is left out where that was not built; in CI it is.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { startCloudflare } from "./cloudflare.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const STAMP = path.join(ROOT, "build/.stamp");
const isRelease = existsSync(STAMP) && readFileSync(STAMP, "utf8").startsWith("release ");
const skip = !isRelease && process.env.CI !== "true" && "it needs the release build: make build-release";
const SECRETS = ["OPERATOR_TOKEN", "TOKEN_KEY", "SIGNING_KEY"];
let cloudflare;
before(async () => {
  cloudflare = await startCloudflare();
});
after(() => cloudflare.stop());

/** Runs scripts/deploy.sh; gives its status, what it said, and what it asked the API for. */
async function deploy(more = {}) {
  cloudflare.calls.length = 0;
  const child = spawn("scripts/deploy.sh", {
    cwd: ROOT,
    env: {
      ...process.env,
      CLOUDFLARE_API_BASE_URL: cloudflare.url,
      CLOUDFLARE_API_TOKEN: "a token",
      CLOUDFLARE_ACCOUNT_ID: "account",
      CI: "true",
      NO_COLOR: "1",
      ...more,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const [status] = await once(child, "close");
  return { status, said, calls: [...cloudflare.calls] };
}

test("nothing is made before the secrets are there", { skip }, async () => {
  const { status, said, calls } = await deploy();
  assert.equal(status, 1);
  assert.match(said, /^error: these secrets are not set: OPERATOR_TOKEN TOKEN_KEY SIGNING_KEY\. /m);
  assert.deepEqual(calls.filter((call) => !call.startsWith("GET ")), []);
});

test("a first deployment makes the database, its schema, the namespace and the queue, then the Worker", { skip }, async () => {
  cloudflare.secrets.push(...SECRETS);
  const { status, said, calls } = await deploy();
  assert.equal(status, 0, said);

  const [database] = cloudflare.databases.values();
  assert.equal(cloudflare.databases.size, 1);
  assert.equal(database.name, "tenantry");
  const applied = database.sqlite.prepare("SELECT name FROM d1_migrations ORDER BY id").all().map(({ name }) => name);
  assert.deepEqual(applied, readdirSync(path.join(ROOT, "migrations")).filter((name) => name.endsWith(".sql")).sort());
  const at = (call) => calls.findLastIndex((one) => one === call);
  assert.ok(at(`POST /accounts/account/d1/database/${database.uuid}/query`) < at("PUT /accounts/account/workers/scripts/tenantry"));

  const bound = Object.fromEntries(cloudflare.versions[0].bindings.map(({ name, ...rest }) => [name, rest]));
  assert.deepEqual(bound, {
    DB: { type: "d1", id: database.uuid },
    PAYLOADS: { type: "kv_namespace", namespace_id: cloudflare.namespaces[0].id },
    QUEUE: { type: "queue", queue_name: "tenantry-requests" },
    ASSETS: { type: "assets" },
  });
  assert.deepEqual(cloudflare.queues.map(({ queue_name, consumers }) => [queue_name, consumers.map(({ script_name }) => script_name)]), [
    ["tenantry-requests", ["tenantry"]],
  ]);
  assert.ok(cloudflare.versions[0].files.some((name) => name.endsWith("index_bg.wasm")), cloudflare.versions[0].files.join(" "));
  assert.ok(cloudflare.versions[0].keep_bindings.includes("secret_text"));
});

test("a second deployment makes nothing anew and binds the same", { skip }, async () => {
  const { status, said, calls } = await deploy();
  assert.equal(status, 0, said);
  assert.match(said, /No migrations to apply/);
  assert.deepEqual([cloudflare.databases.size, cloudflare.namespaces.length, cloudflare.queues.length, cloudflare.versions.length], [1, 1, 1, 2]);
  assert.deepEqual(cloudflare.versions[1].bindings, cloudflare.versions[0].bindings);
  assert.ok(calls.every((call) => call !== "POST /accounts/account/d1/database"));
});
