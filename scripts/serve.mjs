// Serves the built module on a machine of one's own, with its data in one directory (docs/operations.md, "On a machine of your own").
//
//   node scripts/serve.mjs [--host 127.0.0.1] [--port 8787] [--state-dir state] [--secrets FILE]
//
// Secrets and variables (wrangler.toml lists them) come from the file, a line NAME=VALUE each, and from the environment, which wins.
// ALLOW_NETWORKS names what upstreams may lie in beside the public internet, separated by commas: networks such as 10.0.0.0/8, or
// `private` for all of them. Each line of the log goes to standard output, what else there is to say to standard error.
//
// SIGTERM and SIGINT end it. What is under way then is broken off, and settled by the scheduled run once its lease is over.

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import path from "node:path";
import { parseArgs, parseEnv } from "node:util";
import { egress } from "./egress.mjs";
import { VARIABLES, startInstallation } from "./installation.mjs";

const NEEDED = ["OPERATOR_TOKEN", "TOKEN_KEY", "SIGNING_KEY"];
const SCHEDULE = "* * * * *";
const MINUTE = 60_000;

/** What is told to whoever started it, in one line and without a stack. */
class Refusal extends Error {}

const say = (line) => process.stderr.write(`${line}\n`);

/** Secrets and variables: those of the file, over them the environment's. */
async function settings(file) {
  const chosen = file ? parseEnv(await readFile(file, "utf8")) : {};
  for (const name of [...VARIABLES, "ALLOW_NETWORKS"]) if (process.env[name]) chosen[name] = process.env[name];
  const missing = NEEDED.filter((name) => !chosen[name]);
  if (missing.length > 0) {
    throw new Refusal(`not set: ${missing.join(", ")}. For each: openssl rand -hex 32, in a file that --secrets names or in the environment`);
  }
  const { ALLOW_NETWORKS: networks = "", ...vars } = chosen;
  const unknown = Object.keys(vars).filter((name) => !VARIABLES.includes(name));
  if (unknown.length > 0) throw new Refusal(`no such setting: ${unknown.join(", ")}`);
  return { vars, networks: networks.split(",").map((network) => network.trim()).filter(Boolean) };
}

/** The line of a process, or nothing where it has ended. */
function commandOf(pid) {
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}

/** The processes that this one has started. */
function children() {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = table.trim().split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === process.pid).map(([pid]) => pid);
}

/**
 * Two servers on one directory would each believe the database and the queue to be theirs. The mark in it names the server and its
 * runtime, which goes on where the server was killed: that is ended here.
 */
async function takeOver(mark) {
  if (!existsSync(mark)) return;
  const { server, runtime } = JSON.parse(await readFile(mark, "utf8"));
  // In a container the one before had the same number.
  if (server !== process.pid && commandOf(server).includes("serve.mjs")) throw new Refusal(`process ${server} serves this directory already: ${mark}`);
  for (const pid of runtime) {
    if (!commandOf(pid).includes("workerd")) continue;
    process.kill(pid, "SIGKILL");
    while (commandOf(pid).includes("workerd")) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function write(mark, content) {
  await writeFile(`${mark}.new`, JSON.stringify(content));
  await rename(`${mark}.new`, mark);
}

/** Whether somebody listens there: the runtime would say so in many lines. */
function isFree(host, port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

/** Has the scheduled run made at each full minute, as the platform's clock does; while one is under way no other is begun. */
async function clock(miniflare, everyMinute) {
  const worker = await miniflare.getWorker("tenantry");
  let timer;
  let running = false;
  const next = () => (timer = setTimeout(tick, MINUTE - (Date.now() % MINUTE)));
  const tick = async () => {
    next();
    await everyMinute();
    if (running) return;
    running = true;
    await worker.scheduled({ scheduledTime: new Date(), cron: SCHEDULE }).catch((error) => say(`the scheduled run: ${error.message}`));
    running = false;
  };
  next();
  return () => clearTimeout(timer);
}

/** The signal to end, from now on. Miniflare's own answer to one, which it adds as it starts, is to exit at once. */
function whenTold() {
  const signals = { told: false };
  signals.end = new Promise((resolve) => {
    const end = () => {
      signals.told = true;
      resolve();
    };
    const names = ["SIGTERM", "SIGINT"];
    process.on("newListener", (name, listener) => {
      if (names.includes(name) && listener !== end) setImmediate(() => process.removeListener(name, listener));
    });
    for (const name of names) process.on(name, end);
  });
  return signals;
}

async function main() {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: process.env.HOST || "127.0.0.1" },
      port: { type: "string", default: process.env.PORT || "8787" },
      "state-dir": { type: "string", default: process.env.STATE_DIR || "state" },
      secrets: { type: "string" },
    },
  });
  const chosen = await settings(values.secrets);
  const stateDir = path.resolve(values["state-dir"]);
  const mark = path.join(stateDir, "serving.json");
  const port = Number(values.port);
  if (!Number.isInteger(port)) throw new Refusal(`--port must be a number, not '${values.port}'`);
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await takeOver(mark);
  if (!(await isFree(values.host, port))) throw new Refusal(`port ${port} is taken`);

  const signals = whenTold();
  const installation = { stateDir, vars: chosen.vars, write: (line) => process.stdout.write(`${line}\n`) };
  // The migrations first, behind closed doors: nobody is answered from a schema that is not there yet.
  await (await startInstallation(installation)).miniflare.dispose();
  if (signals.told) return;
  const { miniflare } = await startInstallation({
    ...installation,
    // Callers come in by a socket of the worker's own. Miniflare's door, on a port of 127.0.0.1 that nobody is told, knows headers and
    // paths of its own.
    dev: {
      unsafeDirectSockets: [{ host: values.host, port }],
      outboundService: { type: "worker", worker: "egress" },
    },
    workers: [await egress([...(chosen.vars.ALLOW_LOOPBACK_UPSTREAMS === "true" ? ["local"] : []), ...chosen.networks])],
  });
  // Miniflare starts a runtime that has ended anew: so the mark is, too.
  const remark = () => write(mark, { server: process.pid, runtime: children() });
  await remark();
  const stopClock = await clock(miniflare, remark);
  const url = await miniflare.unsafeGetDirectURL("tenantry");
  say(`Tenantry serves on ${url.origin}, its data are in ${stateDir}`);

  await signals.end;
  stopClock();
  await miniflare.dispose();
  await rm(mark, { force: true });
}

await main().then(
  () => process.exit(0),
  (error) => {
    say(`error: ${error instanceof Refusal || error.code === "ENOENT" ? error.message : error.stack}`);
    process.exit(1);
  },
);
