// The runtime is killed in the middle of a batch, twice, and the queue's messages are gone with it: the scheduled run goes on from the
// rows alone, until nothing waits or runs any more.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { DEPLOYMENT, served } from "./served.mjs";
import { startTenantry } from "./serve.mjs";
import { workerdPid } from "./workerd.mjs";

const ITEMS = 250;
/** So many have been sent when the runtime is killed: of what the batch told the queue of, then of what the scheduled run offered it. */
const KILLED_AFTER = [50, 8];
/** Longer than a lease, and than any back-off. */
const LATER = 7_200_000;

const hex = (bytes) => randomBytes(bytes).toString("hex");
const vars = { ALLOW_LOOPBACK_UPSTREAMS: "true", OPERATOR_TOKEN: hex(20), TOKEN_KEY: hex(32), SIGNING_KEY: hex(32) };
let stateDir;
let upstream;
let tenantry;
let token;
/** What the upstream was sent: each body, by the id of the record. */
const sent = new Map();
/** What it answered to the end: status and body. */
const answered = new Map();

before(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), "tenantry-batch-kills-"));
  upstream = await listen(answer);
  tenantry = await startTenantry({ stateDir, vars });
  token = await served(tenantry, { v1: { upstream: { upstream_url: `${upstream.url}/predict` } } });
});
after(async () => {
  await tenantry?.stop();
  upstream?.stop();
  if (stateDir) await rm(stateDir, { recursive: true, force: true });
});

/** Answers in up to 60 ms: as it should, with a failure, with what is no JSON, or not to its end. */
async function answer(request, response) {
  request.on("error", () => {});
  const id = request.headers["tenantry-request-id"];
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  sent.set(id, [...(sent.get(id) ?? []), Buffer.concat(chunks)]);
  await sleep(20 + Math.random() * 40);
  if (response.destroyed) return;
  const chance = Math.random();
  if (chance < 0.1) return response.destroy();
  const [status, body] = chance < 0.2 ? [503, "not now"] : chance < 0.3 ? [200, "no JSON"] : [200, JSON.stringify({ y: 1, id })];
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  if (chance > 0.95) {
    response.write(body.slice(0, 5));
    return setTimeout(() => response.destroy(), 5);
  }
  answered.set(id, { status, body });
  response.end(body);
}

const rows = async (sql) => (await tenantry.database.prepare(sql).all()).results;

/** How many records there are that wait, and that run. */
async function counts() {
  const [counts] = await rows("SELECT total(status = 'pending') AS waiting, total(status = 'processing') AS running FROM requests");
  return counts;
}

/** Kills the runtime, whose process is known before, since what is under way does not wait for it to be looked for. */
async function kill(pid, options) {
  process.kill(pid, "SIGKILL");
  await tenantry.stop();
  tenantry = await startTenantry({ stateDir, vars, ...options });
}

/** Has the clock ask for what it asks for, when all that waits is due and each lease has ended. */
async function scheduled() {
  await rows(`UPDATE requests SET due_at = due_at - ${LATER} WHERE status = 'pending'`);
  const lost = `UPDATE requests SET time_started = time_started - ${LATER}, lease_end = lease_end - ${LATER} WHERE status = 'processing'`;
  await rows(lost);
  assert.equal(await (await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`)).text(), "ok");
}

test("a batch goes on after its runtime was killed, each request at most once", { timeout: 180_000 }, async (context) => {
  if ((await workerdPid()) === null) return context.skip("there is no /proc here to find the runtime in");
  const response = await fetch(`${tenantry.url}${DEPLOYMENT}/requests/batch`, {
    method: "POST",
    headers: { authorization: `Token ${token}`, "content-type": "application/json" },
    body: JSON.stringify(Array.from({ length: ITEMS }, (_, x) => ({ x }))),
  });
  assert.equal(response.status, 200);
  const made = await response.json();
  assert.equal(made.length, ITEMS);

  let lost = 0;
  for (const [kills, some] of KILLED_AFTER.entries()) {
    const before = sent.size;
    if (kills > 0) await scheduled();
    const pid = await workerdPid();
    while (sent.size < before + some) await sleep(5, undefined, { signal: context.signal });
    // At last without a queue, so that a run has done what it has begun once it is over.
    await kill(pid, { queue: kills + 1 < KILLED_AFTER.length });
    const { waiting, running } = await counts();
    assert.ok(waiting > 0, "nothing was left to be done");
    lost += running;
  }
  assert.ok(lost > 0, "no request was under way when the runtime was killed");
  let runs = 0;
  for (let open = ITEMS; open > 0; runs++) {
    assert.ok(runs < 50, `${open} are open`);
    await scheduled();
    const { waiting, running } = await counts();
    open = waiting + running;
  }
  // What it does once more changes nothing.
  await scheduled();

  const records = await rows("SELECT * FROM requests");
  const unsettled = records.filter(({ error_message }) => /was not settled/.test(error_message));
  context.diagnostic(`${lost} were under way at the kills, ${unsettled.length} ended by the scheduled run, ${sent.size} sent, ${runs} runs`);
  assert.equal(records.length, ITEMS);
  assert.deepEqual([...new Set(records.map(({ status }) => status))].sort(), ["completed", "failed"]);
  assert.equal(unsettled.length, lost);
  for (const record of records) {
    const { id, status } = record;
    const bodies = sent.get(id) ?? [];
    assert.ok(bodies.length <= 1, `sent ${bodies.length} times: ${JSON.stringify(record)}`);
    const answer = answered.get(id);
    const isAnswer = answer?.status === 200 && answer.body.startsWith("{");
    if (status === "completed") assert.ok(isAnswer, JSON.stringify(record));
    // What was answered and is failed all the same was lost with the runtime.
    else assert.ok(!isAnswer || unsettled.includes(record), JSON.stringify(record));
    if (!unsettled.includes(record)) assert.equal(bodies.length, 1, JSON.stringify(record));
    assert.equal(record.credits, record.run_time * 1000, JSON.stringify(record));
    // The body of a failure is not read.
    const read = unsettled.includes(record) || answer?.status === 503 ? 0 : (answer?.body.length ?? record.output_size);
    assert.equal(record.output_size, read, JSON.stringify(record));
  }
  await isMetered(records, new Set(unsettled.map(({ id }) => id)));
  const parts = await rows("SELECT request_id, count(*) AS parts FROM request_payloads GROUP BY request_id");
  const kept = new Map(parts.map(({ request_id, parts }) => [request_id, parts]));
  for (const { id, status } of records) assert.equal(kept.get(id), status === "completed" ? 2 : 1, id);
});

/** All that is metered is what the records say and the upstream was sent, and nothing else: by version, project and organization. */
async function isMetered(records, lost) {
  const sum = (of) => records.reduce((sum, record) => sum + of(record), 0);
  const expected = {
    credits: sum(({ credits }) => credits),
    input_volume: sum(({ id }) => (lost.has(id) ? 0 : sent.get(id)[0].length)),
    output_volume: sum(({ output_size }) => output_size),
  };
  const select = "SELECT sum(credits) AS credits, sum(input_volume) AS input_volume, sum(output_volume) AS output_volume";
  const used = await rows(`${select} FROM usage_days GROUP BY subject_id`);
  assert.deepEqual(used, [expected, expected, expected]);
}
