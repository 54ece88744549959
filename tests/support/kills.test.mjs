// The runtime is killed under load, again and again, and started anew on what it left behind: who has an answer has its record and
// its usage, nothing is half done, nothing runs twice, and the scheduled run ends what nobody settled.
//
//   KILLS   how often (5)

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { DEPLOYMENT, PROJECT, served } from "./served.mjs";
import { startTenantry } from "./serve.mjs";
import { workerdPid } from "./workerd.mjs";

const KILLS = Number(process.env.KILLS ?? 5);
/** Callers at once, of each of the four kinds. */
const CALLERS = 4;
/** Longer than a lease. */
const LATER = 3_600_000;

const hex = (bytes) => randomBytes(bytes).toString("hex");
const vars = { ALLOW_LOOPBACK_UPSTREAMS: "true", OPERATOR_TOKEN: hex(20), TOKEN_KEY: hex(32), SIGNING_KEY: hex(32) };
let stateDir;
let upstream;
let tenantry;
let token;
/** What the upstream was sent: the bytes, by the id of the record. */
const sent = new Map();
/** The marks of the bodies that it was sent, as often as it was sent them. */
const marks = [];
/** What callers have read to its end: the id of the record, by the mark of the body. */
const answered = new Map();
/** Idempotency keys of calls that were broken off. */
const broken = [];

before(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), "tenantry-kills-"));
  upstream = await listen(answer);
  tenantry = await startTenantry({ stateDir, vars });
  const base = upstream.url;
  token = await served(tenantry, {
    direct: { upstream: { upstream_url: `${base}/whole` } },
    stream: { upstream: { upstream_url: `${base}/events` } },
    openai: {
      version: { labels: { "openai-compatible": "true", "openai-model-names": "parrot" } },
      upstream: { upstream_url: base, base_url: `${base}/v1` },
    },
  });
});
after(async () => {
  await tenantry?.stop();
  upstream?.stop();
  if (stateDir) await rm(stateDir, { recursive: true, force: true });
});

/** Answers in up to 40 ms, in pieces or not, with the id of the record in it. */
async function answer(request, response) {
  request.on("error", () => {});
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const id = request.headers["tenantry-request-id"];
  sent.set(id, body.length);
  marks.push(/mark-[0-9a-f-]{36}/.exec(body.toString())[0]);
  await sleep(Math.random() * 20);
  if (!/events|"stream": ?true/.test(request.url + body)) {
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ y: 1, id }));
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let event = 0; event < 5 && !response.destroyed; event++) {
    response.write(`data: ${JSON.stringify({ y: event, id, choices: [] })}\n\n`);
    await sleep(Math.random() * 8);
  }
  response.end("data: [DONE]\n\n");
}

function post(target, body, headers = {}) {
  return fetch(tenantry.url + target, {
    method: "POST",
    headers: { authorization: `Token ${token}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

const lastLine = (text) => JSON.parse(text.trim().split("\n").at(-1));
const chat = (mark, stream) =>
  post(`${PROJECT}/openai-compatible/v1/chat/completions`, {
    model: "ubiops-deployment/d/openai/parrot",
    stream,
    messages: [{ role: "user", content: mark }],
  });
const direct = (mark, key) => post(`${DEPLOYMENT}/versions/direct/requests`, { x: 1, mark }, { "idempotency-key": key });

/** The kinds of requests: each answers the record's id once its answer is whole, and throws where it was broken off. */
const kinds = [
  async (mark) => {
    const answer = await (await direct(mark, mark)).json();
    assert.equal(answer.status, "completed", JSON.stringify(answer));
    return answer.id;
  },
  async (mark) => {
    const last = lastLine(await (await post(`${DEPLOYMENT}/versions/stream/requests/stream`, { x: 1, mark })).text());
    assert.equal(last.status, "completed", JSON.stringify(last));
    return last.id;
  },
  async (mark) => (await (await chat(mark, false)).json()).id,
  async (mark) => {
    const text = await (await chat(mark, true)).text();
    if (!text.trimEnd().endsWith("data: [DONE]")) throw new Error(`broken off: ${text}`);
    return JSON.parse(text.slice("data: ".length, text.indexOf("\n"))).id;
  },
];

/** Makes one request after the other until the runtime is gone. */
async function call(kind, isGone) {
  for (;;) {
    const mark = `mark-${randomUUID()}`;
    try {
      answered.set(mark, await kind(mark));
    } catch (error) {
      // A refusal or a wrong answer of a runtime that lives is a fault.
      if (!isGone() || error instanceof assert.AssertionError) throw error;
      if (kind === kinds[0]) broken.push(mark);
      return;
    }
  }
}

/** Sends again what was broken off, under its key: it has run, or it runs now. */
async function repeat() {
  const statuses = [];
  for (const mark of broken.splice(0)) {
    const response = await direct(mark, mark);
    const answer = await response.json();
    assert.ok([200, 409].includes(response.status), JSON.stringify(answer));
    if (response.status === 200) answered.set(mark, answer.id);
    statuses.push(response.headers.has("idempotent-replayed") ? "replayed" : response.status === 200 ? "run" : "refused");
  }
  return statuses;
}

const rows = async (sql) => (await tenantry.database.prepare(sql).all()).results;

test(`nothing is lost or half done by ${KILLS} kills`, { timeout: 60_000 + KILLS * 20_000 }, async (context) => {
  if ((await workerdPid()) === null) return context.skip("there is no /proc here to find the runtime in");
  const repeated = [];
  for (let kill = 0; kill < KILLS; kill++) {
    let isGone = false;
    const pid = await workerdPid();
    const before = answered.size;
    const callers = kinds.flatMap((kind) => Array.from({ length: CALLERS }, () => call(kind, () => isGone)));
    const all = Promise.all(callers);
    all.catch(() => {});
    // Once all of it runs, in the middle of anything.
    while (answered.size < before + 2 * callers.length) await Promise.race([sleep(10), all]);
    await sleep(Math.random() * 100);
    isGone = true;
    process.kill(pid, "SIGKILL");
    await all;
    await tenantry.stop();
    tenantry = await startTenantry({ stateDir, vars });
    repeated.push(...(await repeat()));
  }

  const [{ lost }] = await rows("SELECT count(*) AS lost FROM requests WHERE status = 'processing'");
  const past = `UPDATE requests SET time_started = time_started - ${LATER}, lease_end = lease_end - ${LATER} WHERE status = 'processing'`;
  await rows(past);
  // What it does twice it does once.
  for (let run = 0; run < 2; run++) assert.equal(await (await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`)).text(), "ok");

  const records = new Map((await rows("SELECT * FROM requests")).map((record) => [record.id, record]));
  const count = (list, what) => list.filter((one) => one === what).length;
  context.diagnostic(
    `${answered.size} answered, ${records.size} recorded, ${sent.size} sent, ${lost} ended by the scheduled run; of ${repeated.length} sent ` +
      `again ${count(repeated, "replayed")} had been settled, ${count(repeated, "refused")} were under way, ${count(repeated, "run")} had not begun`,
  );
  assert.ok(lost > 0, "no request was under way when the runtime was killed");
  const without = [...answered].filter(([, id]) => records.get(id)?.status !== "completed");
  assert.deepEqual(without, [], "answered without a record");
  assert.equal(new Set(answered.values()).size, answered.size, "two answers with one record");
  assert.deepEqual([...sent.keys()].filter((id) => !records.has(id)), [], "sent without a record");
  assert.equal(new Set(marks).size, marks.length, "sent twice");
  assert.deepEqual([...records.values()].filter(({ status }) => !["completed", "failed"].includes(status)), [], "under way");
  assert.equal([...records.values()].filter(({ status }) => status === "failed").length, lost, "failed without having been lost");

  // All that is metered, and nothing else: by version, by project and by organization.
  const expected = new Map();
  for (const record of records.values()) {
    for (const subject of [record.version_id, record.project_id, record.organization_id]) {
      const day = expected.get(subject) ?? { credits: 0, input_volume: 0, output_volume: 0 };
      day.credits += record.credits;
      day.input_volume += record.status === "completed" ? sent.get(record.id) : 0;
      day.output_volume += record.output_size;
      expected.set(subject, day);
    }
  }
  const select = "SELECT subject_id, sum(credits) AS credits, sum(input_volume) AS input_volume, sum(output_volume) AS output_volume";
  const used = await rows(`${select} FROM usage_days GROUP BY subject_id`);
  assert.equal(used.length, 5);
  assert.deepEqual(new Map(used.map(({ subject_id, ...day }) => [subject_id, day])), new Map(used.map(({ subject_id }) => [subject_id, expected.get(subject_id)])));
  for (const record of records.values()) assert.ok(record.credits === record.run_time * 1000, JSON.stringify(record));
  const kept = await rows("SELECT request_id, count(*) AS parts FROM request_payloads GROUP BY request_id HAVING parts <> 2");
  assert.deepEqual(kept, [], "half of what is kept");
  const open = await rows("SELECT request_id FROM idempotency_keys WHERE status IS NULL");
  assert.deepEqual(open, [], "a key that nothing stands for");
});
