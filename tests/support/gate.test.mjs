// Requests through the gate of the built module: to an upstream of its own, streamed, broken off, and left by their callers.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { DEPLOYMENT, PROJECT, newestRecord, operator, served } from "./served.mjs";
import { startTenantry } from "./serve.mjs";
import { until } from "./until.mjs";
import { residentMegabytes, workerdPid } from "./workerd.mjs";

/** How many callers hang up. With 2000 their memory is held against that of as many who are answered. */
const HANG_UPS = Number(process.env.HANG_UPS ?? 400);
const WATCHES_MEMORY = HANG_UPS >= 2000;
// Else the runtime keeps what it need not for as long as there is room, and more of it with each request.
if (WATCHES_MEMORY) process.env.MINIFLARE_WORKERD_V8_FLAGS = "--gc-global";
/** Megabytes that so many hang-ups may take more than so many answers. */
const MEMORY = 10;

let tenantry;
let upstream;
let token;
/** What the upstream does with a call; a test sets it. */
let answers;
/** The calls that it was sent, with whether the connection was closed before the answer had ended. */
const calls = [];

before(async () => {
  upstream = await listen(async (request, response) => {
    const chunks = [];
    request.on("error", () => {});
    for await (const chunk of request) chunks.push(chunk);
    const call = { headers: request.headers, body: Buffer.concat(chunks).toString(), closed: null };
    calls.push(call);
    response.on("close", () => {
      if (!response.writableEnded) call.closed = performance.now();
    });
    await answers(response, call);
  });
  tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  token = await installed(tenantry);
});
after(async () => {
  await tenantry?.stop();
  upstream?.stop();
});

/** Makes what the tests are about, and answers the token of who makes requests. */
async function installed(tenantry) {
  const url = upstream.url;
  const token = await served(tenantry, {
    v1: { upstream: { upstream_url: `${url}/predict` } },
    llm: { version: { labels: { "openai-compatible": "true" } }, upstream: { upstream_url: url, base_url: `${url}/v1` } },
  });
  await operator(tenantry)("PATCH", DEPLOYMENT, { default_version: "v1" });
  return token;
}

function ask(target = `${DEPLOYMENT}/requests`, body = { x: 1 }) {
  const headers = { Authorization: `Token ${token}`, "Content-Type": "application/json" };
  return fetch(tenantry.url + target, { method: "POST", headers, body: JSON.stringify(body) });
}

const record = () => newestRecord(tenantry);

/** Until nothing is under way. */
async function isSettled() {
  const left = "SELECT count(*) AS count FROM requests WHERE status = 'processing'";
  await until("the end of what nobody waits for any more", async () => (await tenantry.database.prepare(left).first()).count === 0);
}

/** Begins a request on a connection of its own, whose answer is what comes back; `leave` resets it. */
async function begin(target, body = { x: 1 }) {
  const { hostname, port } = new URL(tenantry.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.on("error", () => {});
  const text = JSON.stringify(body);
  socket.write(
    `POST ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      `Authorization: Token ${token}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  let answer = "";
  socket.on("data", (data) => (answer += data));
  return { leave: () => socket.resetAndDestroy(), answer: () => answer };
}

/** Until the upstream has been called once more than before. */
async function isCalled(before) {
  await until("a call of the upstream", () => calls.length > before);
  assert.equal(calls.length, before + 1);
  return calls[before];
}

const isClosed = (call) => until("the end of the upstream's call", () => call.closed !== null);

const json = (value) => (response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
};

/** Sends events for as long as the connection is there, or so many. */
const events = (count, pause) => async (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let event = 0; event < count && !response.destroyed; event++) {
    response.write(`data: {"at":${performance.now()},"event":${event}}\n\n`);
    await sleep(pause);
  }
  response.end("data: [DONE]\n\n");
};

test("a request is answered, recorded and metered in two round trips", async () => {
  answers = json({ y: 2 });
  const response = await ask();
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  assert.deepEqual([body.status, body.result], ["completed", { y: 2 }]);
  const [, trips, read, written] = /db;desc="(\d+)\/(\d+)\/(\d+)"/.exec(response.headers.get("server-timing"));
  assert.equal(trips, "2");
  assert.ok(Number(written) <= 10, `${written} rows written, ${read} read`);
  const usage = await tenantry.database.prepare("SELECT count(*) AS days, min(input_volume) AS bytes FROM usage_days").first();
  assert.deepEqual(usage, { days: 3, bytes: 7 });
  assert.equal((await record()).id, body.id);
});

test("a failing upstream is told as such", async () => {
  for (const [answer, words] of /** @type {[(response: any) => any, RegExp][]} */ ([
    [(response) => response.writeHead(500).end("x"), /answered 500/],
    [(response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), /answered 302/],
    [(response) => response.socket.destroy(), /could not be reached/],
    [(response) => { response.writeHead(200, { "content-length": 9 }).write('{"y":'); setTimeout(() => response.destroy(), 20); }, /broke off/],
    [(response) => response.end(Buffer.alloc((8 << 20) + 1, " ")), /longer than 8 MiB/],
  ])) {
    answers = answer;
    const body = await (await ask()).json();
    assert.equal(body.status, "failed");
    assert.match(body.error_message, words);
  }
});

const CHAT = `${PROJECT}/openai-compatible/v1/chat/completions`;
const chat = { model: "ubiops-deployment/d/llm/parrot", stream: true, messages: [] };

for (const [name, target, body] of /** @type {[string, string, object][]} */ ([
  ["of a streamed request", `${DEPLOYMENT}/requests/stream`, { x: 1 }],
  ["of OpenAI's clients", CHAT, chat],
])) {
  test(`each event ${name} is there before the upstream sends the next one`, async (context) => {
    const COUNT = 10;
    const read = Array.from({ length: COUNT }, () => Promise.withResolvers());
    let unread = 0;
    answers = async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const { promise } of read) {
        response.write(`data: {"at":${performance.now()},"choices":[]}\n\n`);
        // Of an event that is held back nobody would ever know.
        if ((await Promise.race([promise, sleep(30_000, "not read", { ref: false })])) === "not read") unread++;
      }
      response.end("data: [DONE]\n\n");
    };
    const response = await ask(target, body);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const late = [];
    let text = "";
    for await (const chunk of response.body) {
      const piece = Buffer.from(chunk).toString();
      text += piece;
      for (const [, at] of piece.matchAll(/"at":([\d.]+),"choices":\[\]}\n/g)) {
        read[late.length].resolve();
        late.push(performance.now() - Number(at));
      }
    }
    assert.equal(unread, 0, "the next event was sent before the one before it had come through");
    assert.equal(late.length, COUNT);
    const [first, ...others] = late.map((milliseconds) => milliseconds.toFixed(1));
    context.diagnostic(`milliseconds from the upstream to the caller: ${first} of the first event, then ${others.join(" ")}`);
    const { id } = await record();
    assert.ok(text.trimEnd().endsWith(target === CHAT ? "data: [DONE]" : "}"), text);
    if (target !== CHAT) {
      const last = JSON.parse(text.trim().split("\n").at(-1));
      assert.deepEqual([last.id, last.status, last.result.length], [id, "completed", COUNT]);
      assert.ok(!text.includes("[DONE]"));
    }
  });
}

test("an upstream that breaks off in the middle of a stream is told in the last line", async () => {
  answers = async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    await sleep(30);
    response.destroy();
  };
  const text = await (await ask(`${DEPLOYMENT}/requests/stream`)).text();
  assert.ok(text.startsWith("data:1\n\n"), text);
  assert.match(JSON.parse(text.trim().split("\n").at(-1)).error_message, /broke off/);
  assert.equal((await record()).status, "failed");
});

for (const [name, way, answer] of [
  ["in the middle of a stream", "/stream", events(Infinity, 50)],
  ["while a stream is silent", "/stream", (response) => response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n")],
  ["before a stream has begun", "/stream", () => {}],
  ["while it waits for its answer", "", () => {}],
]) {
  test(`a caller who hangs up ${name} ends the call and is charged for its time`, async () => {
    answers = answer;
    const count = calls.length;
    const begun = performance.now();
    const caller = await begin(`${DEPLOYMENT}/requests${way}`);
    const call = await isCalled(count);
    await sleep(300);
    caller.leave();
    await isClosed(call);
    const whole = performance.now() - begun;
    const { status, error_message, run_time, credits } = await record();
    assert.deepEqual([status, error_message], ["failed", "the caller hung up"]);
    assert.ok(run_time >= 250 && run_time <= whole, `${run_time} ms of ${whole}`);
    assert.ok(credits > 0);
  });
}

/** What another runtime holds that has answered so many. */
async function answeredMegabytes(count) {
  answers = json({ y: 1 });
  const pid = await workerdPid();
  const other = await startTenantry({ logFile: null, vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  try {
    const headers = { Authorization: `Token ${await installed(other)}`, "Content-Type": "application/json" };
    const answered = async () => {
      const response = await fetch(`${other.url}${DEPLOYMENT}/requests`, { method: "POST", headers, body: '{"x":1}' });
      assert.equal((await response.json()).status, "completed");
    };
    for (let done = 0; done < count; done += 20) await Promise.all(Array.from({ length: 20 }, answered));
    return await residentMegabytes(await workerdPid(pid));
  } finally {
    await other.stop();
  }
}

test(`${HANG_UPS} callers who hang up leave nothing behind`, { timeout: 60_000 + HANG_UPS * 200 }, async (context) => {
  // Where they hang up, with what the upstream does until then.
  const half = (response) => response.writeHead(200, { "content-length": 1000 }).write('{"y":');
  /** @type {[string, object, (response: any) => any][]} */
  const places = [
    [`${DEPLOYMENT}/requests`, { x: 0 }, () => {}],
    [`${DEPLOYMENT}/requests`, { x: 1 }, half],
    [`${DEPLOYMENT}/requests/stream`, { x: 2 }, () => {}],
    [`${DEPLOYMENT}/requests/stream`, { x: 3 }, events(Infinity, 10)],
    [CHAT, chat, events(Infinity, 10)],
  ];
  const hungUp = "SELECT count(*) AS count FROM requests WHERE error_message = 'the caller hung up'";
  const { count: before } = await tenantry.database.prepare(hungUp).first();
  const pid = await workerdPid();
  const memory = [];
  answers = (response, call) => places[JSON.parse(call.body).x ?? 4][2](response);
  for (let gone = 0; gone < HANG_UPS; gone += 20) {
    const count = calls.length;
    const callers = await Promise.all(Array.from({ length: 20 }, (_, at) => {
      const [target, body] = places[at % places.length];
      return begin(target, body);
    }));
    await until("all calls of the upstream", () => calls.length >= count + 20);
    for (const caller of callers) caller.leave();
    await Promise.all(calls.slice(count).map(isClosed));
    if (pid !== null && gone % 100 === 80) memory.push(await residentMegabytes(pid));
  }
  await isSettled();
  const { count } = await tenantry.database.prepare(hungUp).first();
  assert.equal(count - before, HANG_UPS);
  if (pid !== null) context.diagnostic(`memory of the runtime after each 100, in MB: ${memory.map(Math.round).join(" ")}`);
  if (WATCHES_MEMORY && pid !== null) {
    const answered = await answeredMegabytes(HANG_UPS);
    context.diagnostic(`after ${HANG_UPS} hang-ups it has ${memory.at(-1)} MB, after as many answers ${answered} MB`);
    assert.ok(memory.at(-1) <= answered + MEMORY, "hang-ups leave memory behind");
  }
  answers = json({ y: 1 });
  assert.equal((await (await ask()).json()).status, "completed");
});

test("the scheduled run ends what nobody settled", async () => {
  answers = json({ y: 1 });
  const { id } = await (await ask()).json();
  const lost = "UPDATE requests SET status = 'processing', lease_end = time_started + 1000 WHERE id = ?";
  await tenantry.database.prepare(lost).bind(id).run();
  const past = "UPDATE requests SET time_started = time_started - 120000, lease_end = lease_end - 120000 WHERE id = ?";
  await tenantry.database.prepare(past).bind(id).run();
  const run = await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`);
  assert.equal(await run.text(), "ok");
  const row = await tenantry.database.prepare("SELECT status, credits FROM requests WHERE id = ?").bind(id).first();
  assert.deepEqual(row, { status: "failed", credits: 1_000_000 });
});

test("what is longer than a row is kept beside the database, read again, and gone with its record", async () => {
  const note = "é".repeat(200_000);
  answers = json({ y: 2, note });
  const answered = await (await ask(`${DEPLOYMENT}/requests`, { x: 1, note })).json();
  assert.equal(answered.result.note, note);
  const kept = "SELECT part, body, kv_key FROM request_payloads WHERE request_id = ? ORDER BY part";
  const { results } = await tenantry.database.prepare(kept).bind(answered.id).all();
  assert.deepEqual(results.map(({ part, body }) => [part, body]), [["input", null], ["output", null]]);
  const path = `${DEPLOYMENT}/requests/${answered.id}`;
  const record = await operator(tenantry)("GET", path);
  assert.deepEqual(record.request_data, { x: 1, note });
  assert.deepEqual(record.result, { y: 2, note });
  const headers = { Authorization: `Token ${tenantry.operatorToken}` };
  const removed = await fetch(tenantry.url + path, { method: "DELETE", headers });
  assert.equal(removed.status, 204);
  await until("the payloads to go", async () => (await tenantry.payloads.list()).keys.length === 0);
});
