// What `make deploy` says of a configuration before it deploys anything.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DATABASE = 'd1_databases = [{ binding = "DB", database_name = "tenantry", database_id = "an id" }]';
let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "tenantry-deploy-"));
});
after(() => rm(directory, { recursive: true, force: true }));

/** What is said of a configuration with these lines, and the status. */
async function said(...lines) {
  const file = path.join(directory, "wrangler.toml");
  await writeFile(file, ['name = "tenantry"', ...lines, ""].join("\n"));
  const run = promisify(execFile)(process.execPath, ["scripts/deploy-config.mjs", file], { cwd: ROOT });
  const { code = 0, stderr } = await run.catch((error) => error);
  return { status: code, lines: stderr.split("\n").filter(Boolean) };
}

for (const [spelling, place, lines] of [
  ["a table", "vars.", ["[vars]", 'SERVER_TIMING = "true"']],
  ["an inline table", "vars.", ['vars = { SERVER_TIMING = "true" }']],
  ["a dotted key", "vars.", ['vars.SERVER_TIMING = "true"']],
  ["an environment's table", "env.staging.vars.", ["[env.staging.vars]", 'SERVER_TIMING = "true"']],
  ["an environment's inline table", "env.staging.vars.", ['env.staging = { vars = { SERVER_TIMING = "true" } }']],
]) {
  test(`a warning for row counts in ${spelling}`, async () => {
    const { status, lines: spoken } = await said(DATABASE, ...lines);
    assert.equal(status, 0);
    assert.equal(spoken.length, 1);
    assert.ok(spoken[0].startsWith(`warning: ${place}SERVER_TIMING`), spoken[0]);
  });
}

test("a warning for upstreams on the machine itself", async () => {
  const { status, lines } = await said(DATABASE, "[vars]", 'ALLOW_LOOPBACK_UPSTREAMS = "true"');
  assert.equal(status, 0);
  assert.ok(lines.length === 1 && lines[0].startsWith("warning: vars.ALLOW_LOOPBACK_UPSTREAMS"), lines[0]);
});

test("nothing to say of a configuration that can be deployed", async () => {
  assert.deepEqual(await said(DATABASE, '[vars]', 'SERVICE_USER_DOMAIN = "users.example.com"'), { status: 0, lines: [] });
});

test("no deployment without a database, whatever a comment says", async () => {
  const { status, lines } = await said('[[d1_databases]]', 'binding = "DB"', '# database_id = "an id"');
  assert.equal(status, 1);
  assert.match(lines[0], /^error: .* names no database yet/);
});

test("no deployment with a store of payloads that is none yet", async () => {
  const { status, lines } = await said(DATABASE, 'kv_namespaces = [{ binding = "PAYLOADS" }]');
  assert.equal(status, 1);
  assert.match(lines[0], /^error: .* has no id for PAYLOADS: .*kv namespace create PAYLOADS/);
  assert.deepEqual(await said(DATABASE, 'kv_namespaces = [{ binding = "PAYLOADS", id = "an id" }]'), { status: 0, lines: [] });
});

test("paths and headers of calls stand in no log but ours", async () => {
  const text = await readFile(path.join(ROOT, "wrangler.toml"), "utf8");
  assert.match(text, /^\[observability\.logs\]\nenabled = true\ninvocation_logs = false$/m);
});

test("every action of the workflow is pinned by commit", async () => {
  const text = await readFile(path.join(ROOT, ".github/workflows/ci.yml"), "utf8");
  const used = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
  assert.ok(used.length > 0);
  for (const action of used) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});
