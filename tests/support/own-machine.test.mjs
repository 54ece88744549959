// An installation on a machine of one's own: scripts/serve.mjs as a process, its data in a directory, a copy that is made while it serves
// and brought back, a kill that nobody is told of.

import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { egress } from "../../scripts/egress.mjs";
import { COMPATIBILITY_DATE } from "../../scripts/installation.mjs";
import { listen } from "./listen.mjs";
import { DEPLOYMENT, PROJECT, operator, served } from "./served.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const hex = (bytes) => randomBytes(bytes).toString("hex");
/** Beyond what the database keeps: it goes to KV. */
const LONG = "x".repeat(300_000);
const keys = { OPERATOR_TOKEN: hex(20), TOKEN_KEY: hex(32), SIGNING_KEY: hex(32) };
let scratch;
let secrets;
let upstream;
const running = new Set();

before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), "tenantry-own-"));
  secrets = path.join(scratch, "secrets");
  const lines = { ...keys, ALLOW_LOOPBACK_UPSTREAMS: "true" };
  await writeFile(secrets, Object.entries(lines).map(([name, value]) => `${name}=${value}\n`).join(""), { mode: 0o600 });
  upstream = await listen((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ y: 7 }));
  });
});
after(async () => {
  for (const child of running) child.kill("SIGKILL");
  upstream?.stop();
  if (scratch) await rm(scratch, { recursive: true, force: true });
});

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

/**
 * Starts a server on a directory and waits until it says where it serves.
 *
 * @param {string} stateDir
 * @param {{port?: number, env?: Record<string, string>, args?: string[]}} [options]
 */
async function serve(stateDir, { port, env = {}, args = ["--secrets", secrets] } = {}) {
  port ??= await freePort();
  const child = spawn(process.execPath, ["scripts/serve.mjs", "--port", String(port), "--state-dir", stateDir, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const log = [];
  createInterface(child.stdout).on("line", (line) => log.push(line));
  const said = [];
  const ready = new Promise((resolve) => {
    createInterface(child.stderr).on("line", (line) => {
      said.push(line);
      if (line.startsWith("Tenantry serves on ")) resolve(line.split(" ")[3].replace(",", ""));
    });
  });
  const url = await Promise.race([ready, once(child, "close").then(() => null)]);
  const end = async (/** @type {NodeJS.Signals} */ signal = "SIGTERM") => {
    const ended = once(child, "exit");
    child.kill(signal);
    return await ended;
  };
  return { url, port, child, end, said, log, operatorToken: keys.OPERATOR_TOKEN };
}

/** One request to the deployment, with the token of a service user. */
async function request(server, token, body) {
  const headers = { authorization: `Token ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}${DEPLOYMENT}/versions/v/requests`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return await answer.json();
}

/** The records of requests, by id and status. */
async function records(server) {
  const all = await operator(server)("GET", `${DEPLOYMENT}/versions/v/requests?limit=1000`);
  return all.map(({ id, status }) => [id, status]).sort();
}

/** The credits that the project has used. */
const credits = async (server) => (await operator(server)("GET", PROJECT)).credits_used;

// Each test goes on with what the one before has left.
let stateDir;
let token;
let kept;

test("a first start makes the directory and its database, and serves requests", async () => {
  stateDir = path.join(scratch, "state");
  const server = await serve(stateDir);
  assert.ok(server.url, server.said.join("\n"));
  assert.equal((await fetch(`${server.url}/health`)).status, 200);
  assert.equal((await fetch(`${server.url}/console`)).status, 200);
  token = await served(server, {
    v: { version: { request_retention_mode: "full" }, upstream: { upstream_url: `${upstream.url}/` } },
  });
  const answer = await request(server, token, { x: 1, text: LONG });
  assert.deepEqual(answer.result, { y: 7 });
  kept = answer.id;
  // What is said of each call, and nothing else, is on standard output.
  for (const line of server.log) assert.equal(typeof JSON.parse(line).level, "string");
  assert.ok(server.log.length > 0);

  // Miniflare's own paths and headers are not known at this door.
  assert.equal((await fetch(`${server.url}/cdn-cgi/local/scheduled`)).status, 404);
  const rerouted = await fetch(`${server.url}/docs/index.html`, { headers: { "MF-Route-Override": "files" } });
  assert.equal(rerouted.status, 404);

  const [code] = await server.end();
  assert.equal(code, 0);
  await assert.rejects(fetch(`${server.url}/health`));
});

test("two servers do not share a directory, nor a port", async () => {
  const server = await serve(stateDir);
  const second = await serve(stateDir);
  assert.equal(second.url, null);
  assert.match(second.said.join("\n"), new RegExp(`^error: process ${server.child.pid} serves this directory already: `));
  const third = await serve(path.join(scratch, "other"), { port: server.port });
  assert.equal(third.url, null);
  assert.deepEqual(third.said, [`error: port ${server.port} is taken`]);
  await server.end();
});

test("the scheduled run comes with the minute", { timeout: 120_000 }, async () => {
  const server = await serve(stateDir);
  const isRun = (line) => line.includes('"scheduled"') || line.includes('"job') || JSON.parse(line).route === undefined;
  while (!server.log.some(isRun)) await sleep(500);
  await server.end();
});

test("a server that was killed is followed by one that serves what it left, and ends its runtime", async () => {
  const server = await serve(stateDir);
  const made = await request(server, token, { x: 2 });
  const { runtime } = JSON.parse(await readFile(path.join(stateDir, "serving.json"), "utf8"));
  assert.ok(runtime.length > 0);
  await server.end("SIGKILL");

  const next = await serve(stateDir, { port: server.port });
  assert.ok(next.url, next.said.join("\n"));
  for (const pid of runtime) assert.throws(() => process.kill(pid, 0), `the runtime of the killed server, ${pid}, is there yet`);
  const there = await records(next);
  assert.ok(there.some(([id, status]) => id === made.id && status === "completed"), JSON.stringify(there));
  await request(next, token, { x: 3 });
  await next.end();
});

const backup = (to) => promisify(execFile)(process.execPath, ["scripts/backup.mjs", stateDir, to], { cwd: ROOT });

test("a copy made while it serves and writes is whole, and what is served from it has token, usage and payloads", async () => {
  const server = await serve(stateDir);
  let writing = true;
  let written = 0;
  const writer = (async () => {
    while (writing) {
      await request(server, token, { x: written++, text: written % 5 === 0 ? LONG : "" });
    }
  })();
  while (written < 5) await sleep(20);
  const earlier = await records(server);
  const copy = path.join(scratch, "copy");
  await backup(copy);
  const during = written;
  while (written < during + 3) await sleep(20);
  writing = false;
  await writer;
  const [later, used] = [await records(server), await credits(server)];
  assert.ok(used > 0);
  const last = path.join(scratch, "last");
  await backup(last);
  await assert.rejects(backup(last), ({ stderr }) => stderr.includes(`error: ${last} is there already`));
  await server.end();

  // The copy from among the writes serves where it lies: it has all that was there when it was begun.
  const beside = await serve(copy);
  const ids = new Set((await records(beside)).map(([id]) => id));
  for (const [id] of earlier) assert.ok(ids.has(id), `the record ${id} was there before the copy`);
  await beside.end();

  // As docs/operations.md has it: the old directory aside, the copy in its place.
  execFileSync("sh", ["-c", `mv '${stateDir}' '${stateDir}.old' && cp -a '${last}' '${stateDir}'`]);
  assert.deepEqual((await readdir(stateDir)).sort(), ["d1", "kv"]);
  const restored = await serve(stateDir);
  assert.deepEqual([await records(restored), await credits(restored)], [later, used]);
  const record = await operator(restored)("GET", `${DEPLOYMENT}/versions/v/requests/${kept}`);
  assert.deepEqual([record.status, record.request_data.text.length], ["completed", LONG.length]);
  await request(restored, token, { x: 99 });
  assert.equal((await records(restored)).length, later.length + 1);
  await restored.end();
});

test("secrets from the environment serve, too, and without them nothing does, in one sentence", async () => {
  const server = await serve(path.join(scratch, "environment"), { env: keys, args: [] });
  assert.ok(server.url, server.said.join("\n"));
  await server.end();

  const none = await serve(path.join(scratch, "none"), { env: { ...keys, TOKEN_KEY: "" }, args: [] });
  assert.equal(none.url, null);
  assert.match(none.said.join("\n"), /^error: not set: TOKEN_KEY\. For each: openssl rand -hex 32, [^\n]*$/);
  const file = path.join(scratch, "misspelt");
  await writeFile(file, `${await readFile(secrets, "utf8")}TOKENKEY=x\n`);
  const misspelt = await serve(path.join(scratch, "none"), { args: ["--secrets", file] });
  assert.deepEqual([misspelt.url, misspelt.said], [null, ["error: no such setting: TOKENKEY"]]);
});

test("what a name stands for is out of reach unless its network was named", async () => {
  const { Miniflare } = await import("miniflare");
  const ask = "export default { fetch: (request) => fetch(new URL(request.url).searchParams.get('url')) };";
  const config = {
    name: "ask",
    compatibilityDate: COMPATIBILITY_DATE,
    manifest: { mainModule: "ask.js", modulesRoot: ROOT, modules: { "ask.js": { type: "esm", contents: ask } } },
  };
  const asked = async (networks) => {
    const miniflare = new Miniflare({
      cf: false,
      handleStructuredLogs: () => {},
      handleUncaughtError: () => {},
      workers: [{ config, dev: { outboundService: { type: "worker", worker: "egress" } } }, await egress(networks)],
    });
    try {
      const url = encodeURIComponent(`${upstream.url.replace("127.0.0.1", "localhost")}/`);
      return (await miniflare.dispatchFetch(`http://ask/?url=${url}`)).status;
    } finally {
      await miniflare.dispose();
    }
  };
  assert.deepEqual([await asked([]), await asked(["private"]), await asked(["local"]), await asked(["127.0.0.0/8"])], [500, 500, 200, 200]);
});
