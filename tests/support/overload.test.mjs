// Four times as much is asked of the runtime as it can answer: what it answers is right, the rest is refused so that its caller may come
// again, nothing is left half done, and when the load is over it is as quick as before, by itself.
//
//   OVERLOAD_SECONDS   how long (5); the minute of docs/proof.md is OVERLOAD_SECONDS=60

import assert from "node:assert/strict";
import { Agent, request as open } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { DEPLOYMENT, PROJECT, operator, served } from "./served.mjs";
import { startTenantry } from "./serve.mjs";
import { residentMegabytes, workerdPid } from "./workerd.mjs";

const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 5);
const TIMES = 4;
/** How long it is asked as fast as it answers, so that it is known how much that is. */
const MEASURED = 4;
/** Callers at once meanwhile. */
const CALLERS = 16;
/** A second is cut into so many parts, in each of which as much is sent. */
const PARTS = 50;
/** So many requests at once go through the version `narrow`, and no more. */
const NARROW = 2;
const RESOURCE = "exemlProject.gpu_duration";

let upstream;
let tenantry;
let token;
let consumption;
let known;
const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 64 });
let sent = 0;

before(async () => {
  upstream = await listen(async (request, response) => {
    request.on("error", () => {});
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ y: JSON.parse(Buffer.concat(chunks).toString()).x }));
  });
  tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  const upstream_url = `${upstream.url}/x`;
  token = await served(tenantry, { v1: { upstream: { upstream_url } }, narrow: { upstream: { upstream_url, max_concurrency: NARROW } } });
  const call = operator(tenantry);
  const { id } = await call("GET", PROJECT);
  const workspace = await call("POST", `/v1/${id}/workspaces`, { name: "load" });
  await call("PUT", `/v1/${id}/workspaces/${workspace.id}/quotas`, { quotas: [{ resource: RESOURCE, quota: 60_000 }] });
  consumption = `/v1/${id}/workspaces/${workspace.id}/quotas/consumption`;
  known = await call("GET", DEPLOYMENT);
});
after(async () => {
  agent.destroy();
  await tenantry?.stop();
  upstream?.stop();
});

function call(method, target, body, as) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Token ${as}`, "content-type": "application/json" };
    const request = open(tenantry.url + target, { method, headers, agent }, async (response) => {
      try {
        const chunks = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const isEcho = (n, { status, result }) => status === "completed" && result.y === n;

/** What was sent and how it ended, by kind. */
const outcomes = { request: [], narrow: [], read: [], consumption: [] };

// The kinds of calls: each sends the n-th, and says of a success whether it is right.
const kinds = {
  request: [(n) => call("POST", `${DEPLOYMENT}/versions/v1/requests`, { x: n }, token), isEcho],
  narrow: [(n) => call("POST", `${DEPLOYMENT}/versions/narrow/requests`, { x: n }, token), isEcho],
  read: [() => call("GET", DEPLOYMENT, undefined, tenantry.operatorToken), (n, body) => JSON.stringify(body) === JSON.stringify(known)],
  consumption: [
    (n) => call("POST", consumption, { id: `run-${n}`, resource: RESOURCE, amount: 1 }, tenantry.operatorToken),
    (n, { resource, used_quota }) => resource === RESOURCE && used_quota > 0,
  ],
};
/** Of ten calls. */
const MIX = ["request", "read", "request", "read", "consumption", "request", "read", "narrow", "read", "consumption"];

async function one() {
  const n = sent++;
  const kind = MIX[n % MIX.length];
  const [send, isRight] = kinds[kind];
  const begun = performance.now();
  const outcome = { n };
  outcomes[kind].push(outcome);
  try {
    const answer = await send(n);
    outcome.status = answer.status;
    outcome.body = JSON.parse(answer.text);
    outcome.retryAfter = answer.headers["retry-after"];
    outcome.isRight = answer.status === 200 && isRight(n, outcome.body);
  } catch (error) {
    outcome.fault = error;
  }
  outcome.took = performance.now() - begun;
  return outcome;
}

const at = (list, part) => Math.round(list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) * part)]);
const rows = async (sql) => (await tenantry.database.prepare(sql).all()).results;

/**
 * Whether it may be sent again, and when.
 *
 * @param {any} outcome
 */
const isRefused = ({ status, retryAfter }) => [429, 503].includes(status) && Number(retryAfter) >= 1;

/** How long calls take where there is one at a time. */
async function alone() {
  const took = [];
  for (let number = 0; number < 2 * MIX.length; number++) took.push((await one()).took);
  return took;
}

/** How many calls a second are answered, where each caller waits for its answer. */
async function measured() {
  const end = performance.now() + MEASURED * 1_000;
  let answered = 0;
  const caller = async () => {
    while (performance.now() < end) {
      const outcome = await one();
      assert.ok(outcome.isRight || isRefused(outcome), JSON.stringify(outcome));
      answered++;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return answered / MEASURED;
}

test(`${TIMES} times the rate that it can answer, for ${SECONDS} seconds`, { timeout: 300_000 + SECONDS * 10_000 }, async (context) => {
  // Twice: once until all is warm, and in case that something has held it up.
  const rate = Math.max(await measured(), await measured());
  const pid = await workerdPid();
  const memory = [await residentMegabytes(pid)];
  const before = await alone();

  const all = [];
  const begun = performance.now();
  for (let part = 1; part <= SECONDS * PARTS; part++) {
    const due = Math.round((rate * TIMES * part) / PARTS) - all.length;
    for (let number = 0; number < due; number++) all.push(one());
    if (part % PARTS === 0) memory.push(await residentMegabytes(pid));
    await sleep(Math.max(0, begun + (part * 1_000) / PARTS - performance.now()));
  }
  const over = performance.now();
  const ended = await Promise.all(all);
  const drained = performance.now();
  const afterwards = await alone();

  const right = ended.filter(({ isRight }) => isRight);
  const refused = ended.filter(isRefused);
  const lateness = (list) => ((took) => `half within ${at(took, 0.5)} ms, all within ${at(took, 1)} ms`)(list.map(({ took }) => took));
  context.diagnostic(`${rate.toFixed()} a second are answered; ${ended.length} were sent in ${((over - begun) / 1_000).toFixed(1)} s`);
  context.diagnostic(`${right.length} answered as they should be, ${lateness(right)}; ${refused.length} refused, ${lateness(refused)}`);
  context.diagnostic(`the last answer came ${((drained - over) / 1_000).toFixed(1)} s after the last call; then a call took ${at(afterwards, 0.5)} ms, ${at(before, 0.5)} before`);
  if (pid) context.diagnostic(`memory: ${memory[0].toFixed()} MB before, ${Math.max(...memory).toFixed()} at most, ${(await residentMegabytes(pid)).toFixed()} afterwards`);

  const wrong = Object.values(outcomes).flat().filter((outcome) => !outcome.isRight && !isRefused(outcome));
  assert.deepEqual(wrong, [], "neither right nor refused so that it may be sent again");
  assert.ok(right.length > 0 && refused.length > 0, "nothing was refused");
  // It has no memory of the load: what a call takes alone is what it took, but for what others do to this machine.
  assert.ok(at(afterwards, 0.5) <= Math.max(250, 5 * at(before, 0.5)), `${afterwards}`);

  // What was answered is there, what was refused is not, and nothing is under way.
  const ids = (list) => list.filter(({ isRight }) => isRight).map(({ n, body }) => body.id ?? `run-${n}`);
  const records = await rows("SELECT id, status, credits, run_time FROM requests");
  assert.deepEqual(new Set(records.map(({ id }) => id)), new Set([...ids(outcomes.request), ...ids(outcomes.narrow)]));
  assert.deepEqual([...new Set(records.map(({ status }) => status))], ["completed"]);
  const consumed = await rows("SELECT id FROM quota_consumptions");
  assert.deepEqual(new Set(consumed.map(({ id }) => id)), new Set(ids(outcomes.consumption)));
  const [{ used }] = await rows("SELECT sum(used) AS used FROM workspace_quotas");
  assert.equal(used, consumed.length);
  const credits = records.reduce((sum, record) => sum + record.credits, 0);
  const days = await rows("SELECT sum(credits) AS credits FROM usage_days GROUP BY subject_id");
  // Of two versions, the project and the organization.
  assert.equal(days.length, 4);
  assert.equal(days.reduce((sum, day) => sum + day.credits, 0), 3 * credits);
});
