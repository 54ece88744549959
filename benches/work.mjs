// What goes through the gate besides a request to a deployment: services, beside their upstream; pipelines, beside requests to what
// they consist of; and batches.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTenantry } from "../tests/support/serve.mjs";
import { DEPLOYMENT, PROJECT, operator, served } from "../tests/support/served.mjs";
import { inTurns } from "./gate.mjs";
import { median } from "./load.mjs";
import { start } from "./subject.mjs";
import { startUpstream } from "./upstream.mjs";

/** In the longest pipeline. */
export const OBJECTS = 5;
/** In a batch, each of so many milliseconds at the upstream. */
export const ITEMS = 250;
const ITEM_TAKES = 50;
const DOWNLOAD = 200_000_000;

const json = { "content-type": "application/json" };
const isDone = (text) => text.includes('"success":true');

/**
 * @param {object} options as `measureGate` of gate.mjs takes them
 * @returns {Promise<object>} what `workTables` of table.mjs takes
 */
export async function measureWork({ scratch, vars, rounds, seconds, say }) {
  const settings = { ...vars, ALLOW_LOOPBACK_UPSTREAMS: "true" };
  const upstream = await startUpstream();
  const stateDir = path.join(scratch, "work");
  let subject;
  try {
    await mkdir(stateDir, { recursive: true });
    const { token, service } = await prepare(stateDir, settings, upstream.url);
    subject = await start("tenantry", stateDir, settings);
    const authorization = `Token ${token}`;
    const post = (path) => () => ({ method: "POST", path, headers: { ...json, authorization }, body: '{"x":1}', status: 200, isGood: isDone });
    const get = (path, headers) => () => ({ method: "GET", path, headers: { ...headers }, status: 200 });

    const failures = [];
    const run = { rounds, milliseconds: seconds * 1000, failures, say };
    const beside = { url: upstream.url, cpuSeconds: async () => null };
    const bytes = "/bytes/1024";
    const step = (name, side, to, call) => ({ name, side, subject: to, call, connections: 1 });
    const timed = await inTurns(
      [
        step("service", "direct", beside, get(bytes)),
        step("service", "gate", subject, get(service + bytes, { authorization })),
        step("deployment", "gate", subject, post(`${DEPLOYMENT}/requests`)),
        ...[1, OBJECTS].map((objects) => step(`pipeline of ${objects}`, "gate", subject, post(`${PROJECT}/pipelines/p${objects}/requests`))),
      ],
      { ...run, what: "services and pipelines" },
    );
    say(`a download of ${DOWNLOAD / 1e6} MB, and batches of ${ITEMS}`);
    const downloads = [];
    for (const [url, headers] of [[upstream.url, {}], [subject.url + service, { authorization }]]) {
      downloads.push(await download(`${url}/flow/${DOWNLOAD}`, headers, subject));
    }
    const batches = [];
    for (let round = 0; round < rounds; round++) batches.push(await batch(subject.url, authorization));
    const [accepted, done] = ["accepted", "done"].map((figure) => median(batches.map((one) => one[figure])));
    return { timed, downloads, accepted, done, failures };
  } finally {
    await subject?.stop();
    await upstream.stop();
  }
}

/** Makes a deployment, pipelines of it and a service, through the API. */
async function prepare(stateDir, vars, upstreamUrl) {
  const tenantry = await startTenantry({ stateDir, logFile: null, vars });
  try {
    const at = (path) => ({ upstream: { upstream_url: upstreamUrl + path, base_url: upstreamUrl } });
    const versions = { v1: at("/bytes/20"), slow: at(`/late/${ITEM_TAKES}`) };
    const token = await served(tenantry, versions);
    const call = operator(tenantry);
    await call("PATCH", DEPLOYMENT, { default_version: "v1" });
    const [deployment] = DEPLOYMENT.split("/").slice(-1);
    for (const objects of [1, OBJECTS]) {
      const pipeline = `${PROJECT}/pipelines/p${objects}`;
      const names = Array.from({ length: objects }, (_, place) => `o${place}`);
      const link = (from, field, to, its) => ({
        destination_name: to,
        sources: [{ source_name: from, mapping: [{ source_field_name: field, destination_field_name: its }] }],
      });
      await call("POST", `${PROJECT}/pipelines`, {
        name: `p${objects}`,
        input_type: "structured",
        output_type: "structured",
        input_fields: [{ name: "x", data_type: "int" }],
        output_fields: [{ name: "y", data_type: "int" }],
      });
      await call("POST", `${pipeline}/versions`, {
        version: "v1",
        objects: names.map((name) => ({ name, reference_name: deployment, version: "v1" })),
        attachments: [
          ...names.map((name, place) => (place === 0 ? link("pipeline_start", "x", name, "x") : link(names[place - 1], "y", name, "x"))),
          link(names.at(-1), "y", "pipeline_end", "y"),
        ],
      });
    }
    const { id } = await call("POST", `${PROJECT}/services`, { name: "web", deployment, version: "v1" });
    const people = await call("GET", `${PROJECT}/service-users`);
    await call("POST", `${PROJECT}/role-assignments`, { role: "pipeline-request-user", assignee: people[0].id });
    return { token, service: `/services/${id}` };
  } finally {
    await tenantry.stop();
  }
}

/** Megabytes a second of a download, and how many more workerd held meanwhile than before. */
async function download(url, headers, subject) {
  const before = await subject.memory();
  const begin = performance.now();
  const response = await fetch(url, { headers });
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  let [bytes, most, asked] = [0, before, 0];
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes - asked < DOWNLOAD / 20) continue;
    asked = bytes;
    most = Math.max(most, await subject.memory());
  }
  if (bytes !== DOWNLOAD) throw new Error(`${url}: ${bytes} bytes`);
  return { rate: bytes / 1e3 / (performance.now() - begin), grown: before === null ? null : most - before };
}

/** Milliseconds until a batch is accepted, and until all of it has ended. */
async function batch(url, authorization) {
  const headers = { ...json, authorization };
  const call = async (path, init) => {
    const response = await fetch(url + path, { headers, ...init });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
  const requests = `${DEPLOYMENT}/versions/slow/requests`;
  const begin = performance.now();
  const made = await call(`${requests}/batch`, { method: "POST", body: JSON.stringify(Array(ITEMS).fill({ x: 1 })) });
  const accepted = performance.now() - begin;
  const ids = JSON.stringify(made.map(({ id }) => id));
  for (;;) {
    const found = await call(`${requests}/collect`, { method: "POST", body: ids });
    if (found.some(({ status }) => status === "failed")) throw new Error("a request of a batch failed");
    if (found.every(({ status }) => status === "completed")) break;
    await sleep(100);
  }
  return { accepted, done: performance.now() - begin };
}
