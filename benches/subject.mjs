// A worker that is measured, in a process of its own, so that neither Node's part of serving it nor another's workerd is on its
// account. Started as `node subject.mjs NAME STATE_DIR`, it prints `{"url", "pid"}`, pid being workerd's, and ends when its standard
// input closes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { modules, startTenantry } from "../tests/support/serve.mjs";
import { cpuSeconds, residentMegabytes, workerdPid } from "../tests/support/workerd.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const LIMIT_BUILD = path.join(ROOT, "benches/limit/build");
const BARE_WORKER = path.join(ROOT, "benches/bare.js");
const HONO_BUNDLE = path.join(ROOT, "target/benches/hono.js");

/** The workers, in the order of the table's columns. */
export const SUBJECTS = {
  tenantry: { title: "Tenantry", modules: () => modules(process.env.BENCH_BUILD_DIR ?? path.join(ROOT, "build")) },
  limit: { title: "limit", modules: () => modules(LIMIT_BUILD), answers: ["get project"] },
  hono: {
    title: "Hono",
    modules: async () => ({ "index.js": { type: "esm", contents: await readFile(HONO_BUNDLE, "utf8") } }),
  },
};

/** With what the gate is measured beside. */
const STARTED = {
  ...SUBJECTS,
  bare: { modules: async () => ({ "index.js": { type: "esm", contents: await readFile(BARE_WORKER, "utf8") } }) },
};

/** Bytes that a deployment of the subject uploads, raw and gzipped. */
export async function sizeOf(name) {
  const contents = Object.values(await SUBJECTS[name].modules()).map((module) => Buffer.from(module.contents));
  const sum = (sizes) => sizes.reduce((a, b) => a + b, 0);
  return { raw: sum(contents.map((c) => c.length)), gzipped: sum(contents.map((c) => gzipSync(c, { level: 9 }).length)) };
}

/**
 * Starts a subject on a state directory.
 *
 * @returns {Promise<{name: string, url: string, cpuSeconds: () => Promise<number | null>, memory: () => Promise<number | null>, stop: () => Promise<void>}>}
 *   `cpuSeconds` is the processor time that workerd has used so far, `memory` the megabytes that it holds; null where the system does
 *   not tell
 */
export async function start(name, stateDir, vars) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), name, stateDir], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...vars },
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const { url, pid } = JSON.parse(line);
  return {
    name,
    url,
    cpuSeconds: () => cpuSeconds(pid),
    memory: () => residentMegabytes(pid),
    stop: async () => {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [name, stateDir] = process.argv.slice(2);
  await stat(stateDir);
  const server = await startTenantry({ stateDir, logFile: null, modules: await STARTED[name].modules() });
  console.log(JSON.stringify({ url: server.url, pid: await workerdPid() }));
  process.stdin.on("close", async () => {
    await server.stop();
    process.exit(0);
  });
  process.stdin.resume();
}
