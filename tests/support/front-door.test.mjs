// The front door: `wrangler dev` alone in a fresh clone serves, with secrets and a database that it has made.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** What a build made, which would take minutes here: that it is made where it is not there, CI's own clean clone shows. */
const BUILT = ["build", "public/console", ".tools/console", "console/src/api-types.d.ts"];
let clone;
before(async () => {
  clone = await mkdtemp(path.join(tmpdir(), "tenantry-clone-"));
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: ROOT, encoding: "utf8" });
  for (const file of [...list.split("\0").filter(Boolean), ...BUILT]) {
    const source = path.join(ROOT, file);
    // What has been deleted and not committed yet is still in the list.
    if (await stat(source).catch(() => null)) await cp(source, path.join(clone, file), { recursive: true, preserveTimestamps: true });
  }
  await symlink(path.join(ROOT, "node_modules"), path.join(clone, "node_modules"));
  // Where the compiler for the module was built from source, which toolchain that is.
  await mkdir(path.join(clone, ".tools"), { recursive: true });
  await cp(path.join(ROOT, ".tools/wasm-toolchain"), path.join(clone, ".tools/wasm-toolchain")).catch(() => {});
});
after(() => rm(clone, { recursive: true, force: true }));

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

/** Starts `wrangler dev` and nothing else; gives its answer to /health and what it said. */
async function served() {
  const port = await freePort();
  const child = spawn(path.join(clone, "node_modules/.bin/wrangler"), ["dev", "--port", String(port), "--inspector-port", "0"], {
    cwd: clone,
    env: { ...process.env, WRANGLER_REGISTRY_PATH: path.join(clone, "registry"), WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const ended = once(child, "exit");
  const stop = async () => {
    process.kill(-child.pid, "SIGTERM");
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + 120_000; Date.now() < end && child.exitCode === null; await sleep(200)) {
    const health = await fetch(`${url}/health`).catch(() => null);
    if (health) return { url, health, said: () => said, stop };
  }
  if (child.exitCode === null) await stop();
  throw new Error(`wrangler dev does not serve:\n${said}`);
}

test("`wrangler dev` alone in a fresh clone serves", async () => {
  const first = await served();
  try {
    assert.equal(first.health.status, 200, `${await first.health.text()}\n${first.said()}`);
    const secrets = await readFile(path.join(clone, ".dev.vars"), "utf8");
    const operator = secrets.match(/^OPERATOR_TOKEN=(.*)$/m)[1];
    const headers = { authorization: `Token ${operator}`, "content-type": "application/json" };
    const made = await fetch(`${first.url}/operator/v1/users`, { method: "POST", headers, body: '{"email": "ada@example.com"}' });
    assert.equal(made.status, 201, await made.text());
  } finally {
    await first.stop();
  }

  const again = execFileSync("scripts/local-state.sh", { cwd: clone, encoding: "utf8" });
  assert.equal(again, "", "what is there is left alone");
});

test("a build that nobody asked wrangler for says in one sentence what to run", () => {
  execFileSync("rm", ["-rf", path.join(clone, ".tools/bin")]);
  const env = { ...process.env, WRANGLER_COMMAND: "" };
  assert.throws(() => execFileSync("scripts/build.sh", ["dev"], { cwd: clone, env, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" }), (/** @type {any} */ error) => {
    assert.match(error.stderr, /^error: not there yet: worker-build wasm-bindgen\. Run: make setup\n$/);
    return true;
  });
});
