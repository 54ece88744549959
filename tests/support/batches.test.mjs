// Requests that wait for their turn, in the built module: through the queue, and without one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { listen } from "./listen.mjs";
import { startTenantry } from "./serve.mjs";
import { DEPLOYMENT, operator, served } from "./served.mjs";
import { until } from "./until.mjs";

const ITEMS = 250;
let upstream;
/** How often each request has been seen by the upstream, by its id. */
const seen = new Map();
/** Those that it has taken on, to answer them later. */
const takenOn = [];

before(async () => {
  upstream = await listen(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const id = request.headers["webhook-id"];
    seen.set(id, (seen.get(id) ?? 0) + 1);
    if (request.url === "/later") {
      takenOn.push(id);
      response.writeHead(202, { "tenantry-result": "later" }).end();
      return;
    }
    await sleep(50);
    const { x } = JSON.parse(Buffer.concat(chunks).toString());
    // Each fifth one fails.
    response.writeHead(x % 5 === 4 ? 500 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify({ y: x }));
  });
});
after(() => {
  upstream.stop();
});

/** A Tenantry with a deployment `d`, and how its service user queues so many requests. */
async function start(options) {
  const tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" }, ...options });
  const url = `${upstream.url}/predict`;
  const token = await served(tenantry, { v1: { upstream: { upstream_url: url } } });
  const batch = async (items) => {
    const body = JSON.stringify(Array.from({ length: items }, (_, x) => ({ x })));
    const headers = { authorization: `Token ${token}`, "content-type": "application/json" };
    const response = await fetch(`${tenantry.url}${DEPLOYMENT}/requests/batch`, { method: "POST", headers, body });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  };
  return { tenantry, batch };
}

/** How many records there are of each status. */
async function statuses(tenantry) {
  const select = "SELECT status, count(*) AS count FROM requests GROUP BY status";
  const { results } = await tenantry.database.prepare(select).all();
  return Object.fromEntries(results.map(({ status, count }) => [status, count]));
}

test("a batch of 250 is accepted at once, run once each, and accounted for", async (t) => {
  const { tenantry, batch } = await start();
  t.after(() => tenantry.stop());
  const began = performance.now();
  const made = await batch(ITEMS);
  t.diagnostic(`accepted in ${Math.round(performance.now() - began)} ms`);
  assert.equal(new Set(made.map(({ id }) => id)).size, ITEMS);
  const counts = await until("the end of all", async () => {
    const now = await statuses(tenantry);
    return now.completed + now.failed === ITEMS && now;
  });
  t.diagnostic(`done in ${Math.round(performance.now() - began)} ms`);
  assert.deepEqual(counts, { completed: (ITEMS * 4) / 5, failed: ITEMS / 5 });
  assert.deepEqual([...new Set(made.map(({ id }) => seen.get(id)))], [1]);
  const volume = "SELECT sum(input_volume) AS volume FROM usage_days WHERE subject_id = (SELECT id FROM projects)";
  const sent = Array.from({ length: ITEMS }, (_, x) => JSON.stringify({ x }).length).reduce((sum, length) => sum + length);
  assert.equal(await tenantry.database.prepare(volume).first("volume"), sent);
});

test("without a queue the scheduled run does it", async (t) => {
  const { tenantry, batch } = await start({ queue: false });
  t.after(() => tenantry.stop());
  await batch(3);
  assert.deepEqual(await statuses(tenantry), { pending: 3 });
  const run = await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`);
  assert.equal(run.status, 200);
  assert.deepEqual(await statuses(tenantry), { completed: 3 });
});

test("a result that comes later ends its request", async (t) => {
  const { tenantry, batch } = await start();
  t.after(() => tenantry.stop());
  const body = { upstream_url: `${upstream.url}/later`, instance_type: "1gb" };
  const set = await operator(tenantry)("PUT", `${DEPLOYMENT}/versions/v1/upstream?rotate_secret=0`, body);
  await batch(1);
  await until("the upstream to take it on", () => takenOn.length > 0);
  const [id] = takenOn;
  const send = (text, headers = {}) => {
    const [message, now] = [`result_${id}`, new Date()];
    const signature = new Webhook(set.upstream_secret).sign(message, now, text);
    const signed = { "webhook-id": message, "webhook-timestamp": `${Math.floor(now.getTime() / 1000)}`, "webhook-signature": signature };
    return fetch(`${tenantry.url}/v2.1/results/${id}`, { method: "POST", headers: { ...signed, ...headers }, body: text });
  };
  // The run of a minute comes meanwhile, and leaves it alone.
  await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`);
  assert.deepEqual(await statuses(tenantry), { processing: 1 });
  const refused = await send('{"y":1}', { "webhook-signature": "v1,AAAA" });
  assert.equal(refused.status, 401, await refused.text());
  // Longer than a row takes, and in as many bytes as it says.
  const result = JSON.stringify({ y: 1, note: "\u{1f980}".repeat(100_000) });
  for (let times = 0; times < 2; times++) {
    const taken = await send(result);
    assert.deepEqual([taken.status, await taken.json()], [200, { success: true, error_message: null }]);
  }
  assert.deepEqual(await statuses(tenantry), { completed: 1 });
  const read = await operator(tenantry)("GET", `${DEPLOYMENT}/requests/${id}`);
  assert.deepEqual(read.result, JSON.parse(result));
  assert.equal(seen.get(id), 1);
});
