// The server that the other suites stand on: that it applies migrations once, keeps its state, takes its variables from where it
// says, and never outlives whoever started it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS } from "../../scripts/installation.mjs";
import { startTenantry } from "./serve.mjs";

let scratch;
before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), "tenantry-test-"));
});
after(() => rm(scratch, { recursive: true, force: true }));

/** Runs serve.mjs as a process of its own and waits for its line of JSON. */
async function spawned(...args) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "serve.mjs"), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, ready: JSON.parse(line) };
}

test("the module answers, from the database that the migrations made", async () => {
  const tenantry = await startTenantry();
  try {
    const response = await fetch(`${tenantry.url}/health`);
    assert.equal(response.status, 200, await response.text());
    const { results } = await tenantry.database.prepare("SELECT name FROM d1_migrations").all();
    assert.ok(results.length > 0);
    assert.match(tenantry.d1File, /\.sqlite$/);
  } finally {
    await tenantry.stop();
  }
});

test("a second start on the same state applies only what is new and keeps the rest", async () => {
  const migrationsDir = await mkdtemp(path.join(scratch, "migrations-"));
  const stateDir = path.join(scratch, "state");
  await writeFile(path.join(migrationsDir, "0001_a.sql"), "CREATE TABLE a (n INTEGER) STRICT;\nINSERT INTO a VALUES (1);\n");
  let tenantry = await startTenantry({ migrationsDir, stateDir });
  await tenantry.stop();

  await writeFile(path.join(migrationsDir, "0002_b.sql"), "-- one more; with a semicolon\nINSERT INTO a VALUES (2);\n");
  tenantry = await startTenantry({ migrationsDir, stateDir });
  try {
    const { results } = await tenantry.database.prepare("SELECT n FROM a ORDER BY n").all();
    assert.deepEqual(results, [{ n: 1 }, { n: 2 }]);
  } finally {
    await tenantry.stop();
  }
});

test("a migration that fails half-way leaves nothing behind and is named", async () => {
  const migrationsDir = await mkdtemp(path.join(scratch, "migrations-"));
  const stateDir = path.join(scratch, "broken");
  const file = path.join(migrationsDir, "0001_a.sql");
  await writeFile(file, "CREATE TABLE a (n INTEGER) STRICT;\nINSERT INTO missing VALUES (1);\n");
  await assert.rejects(startTenantry({ migrationsDir, stateDir }), /0001_a\.sql: .*missing/);

  await writeFile(file, "CREATE TABLE a (n INTEGER) STRICT;\n");
  await (await startTenantry({ migrationsDir, stateDir })).stop();
});

test("the process says where it is, takes the operator token from its arguments, and ends on SIGTERM", async () => {
  const token = "0".repeat(40);
  const { child, ready } = await spawned("--var", `OPERATOR_TOKEN=${token}`);
  assert.equal(ready.operator_token, token);
  assert.match(ready.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  await (await fetch(`${ready.url}/health`)).text();

  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  await assert.rejects(fetch(ready.url));
});

test("the process ends when its standard input closes", async () => {
  const { child, ready } = await spawned();
  child.stdin.end();
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  await assert.rejects(fetch(ready.url));
});

test("the files of public/ are served, as a deployment serves them", async () => {
  const tenantry = await startTenantry();
  try {
    const document = await fetch(`${tenantry.url}/openapi.json`);
    assert.equal(document.status, 200);
    assert.equal((await document.json()).openapi, "3.1.1");
    assert.match(document.headers.get("X-Request-Id"), /^[0-9a-f]{32}$/);

    const page = await fetch(`${tenantry.url}/docs`);
    assert.match(page.headers.get("Content-Security-Policy"), /default-src 'none'; script-src 'self'/);
    const again = await fetch(`${tenantry.url}/docs`, { headers: { "If-None-Match": page.headers.get("ETag") } });
    assert.equal(again.status, 304);
    const head = await fetch(`${tenantry.url}/docs`, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
    for (const name of ["ETag", "Cache-Control", "Content-Type"]) assert.equal(head.headers.get(name), page.headers.get(name), name);
    for (const answer of [page, again, head]) assert.equal(answer.headers.get("X-Content-Type-Options"), "nosniff");
    assert.equal((await fetch(`${tenantry.url}/docs`, { method: "POST" })).status, 405);
    assert.equal((await fetch(`${tenantry.url}/docs/index.html`)).status, 404);
  } finally {
    await tenantry.stop();
  }
});

test("tests and deployments run with the same compatibility date and flags", async () => {
  const configuration = await readFile(path.join(import.meta.dirname, "../../wrangler.toml"), "utf8");
  assert.equal(configuration.match(/^compatibility_date = "(.*)"$/m)?.[1], COMPATIBILITY_DATE);
  assert.deepEqual(JSON.parse(configuration.match(/^compatibility_flags = (.*)$/m)?.[1]), COMPATIBILITY_FLAGS);
});
