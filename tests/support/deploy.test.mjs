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
  const { code = 0, stderr, stdout } = await run.catch((error) => error);
  return { status: code, lines: stderr.split("\n").filter(Boolean), printed: stdout };
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
  assert.deepEqual(await said(DATABASE, "[vars]", 'SERVICE_USER_DOMAIN = "users.example.com"'), { status: 0, lines: [], printed: "" });
});

test("no deployment without a database, whatever a comment says", async () => {
  for (const lines of [[], ["[[d1_databases]]", 'binding = "DB"', '# database_name = "tenantry"'], ["[[d1_databases]]", 'binding = "OTHER"', 'database_name = "other"']]) {
    const { status, lines: spoken } = await said(...lines);
    assert.equal(status, 1);
    assert.match(spoken[0], /^error: .* has no database: /);
  }
});

test("a database that has a name alone is printed, to be made, and one with an id is not", async () => {
  const { printed, ...rest } = await said("[[d1_databases]]", 'binding = "DB"', 'database_name = "mine"');
  assert.deepEqual([printed, rest], ["mine\n", { status: 0, lines: [] }]);
  assert.equal((await said(DATABASE)).printed, "");
});

test("what Cloudflare's button asks for are the secrets, and it offers no value for them", async () => {
  const example = await readFile(path.join(ROOT, ".dev.vars.example"), "utf8");
  const names = example.split("\n").filter((line) => line && !line.startsWith("#"));
  assert.deepEqual(names, ["OPERATOR_TOKEN=", "TOKEN_KEY=", "SIGNING_KEY="]);
  const { cloudflare, scripts } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(cloudflare.bindings), ["OPERATOR_TOKEN", "TOKEN_KEY", "SIGNING_KEY"]);
  assert.deepEqual(scripts, { build: "scripts/setup.sh && scripts/build.sh release", deploy: "scripts/deploy.sh" });
});

test("paths and headers of calls stand in no log but ours", async () => {
  const text = await readFile(path.join(ROOT, "wrangler.toml"), "utf8");
  assert.match(text, /^\[observability\.logs\]\nenabled = true\ninvocation_logs = false$/m);
});
