// Services in the built module: any HTTP passed through, as real clients and a real upstream see it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { PROJECT, newestRecord, operator, served } from "./served.mjs";
import { startTenantry } from "./serve.mjs";
import { until } from "./until.mjs";
import { residentMegabytes, workerdPid } from "./workerd.mjs";

const MEGABYTE = 1 << 20;
/** How much is passed down. */
const LONG = 200 * MEGABYTE;
/** Megabytes that this may take of the runtime's memory. */
const MEMORY = 60;

let tenantry;
let upstream;
let token;
let id;
/** What the upstream does with a call; a test sets it. */
let answers;
/** What it was sent: whole bodies by their length and hash alone. */
const calls = [];

before(async () => {
  upstream = await listen(async (request, response) => {
    const call = { method: request.method, url: request.url, headers: request.headers, length: 0, whole: false, closed: false };
    calls.push(call);
    const hash = createHash("sha256");
    response.on("close", () => (call.closed = true));
    try {
      for await (const chunk of request) {
        call.length += chunk.length;
        hash.update(chunk);
        if (call.length < 10_000) call.text = (call.text ?? "") + chunk;
      }
      call.whole = true;
    } catch {
      return;
    }
    call.hash = hash.digest("hex");
    await answers(response, call);
  });
  tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  const url = upstream.url;
  token = await served(tenantry, { v1: { upstream: { upstream_url: url, base_url: `${url}/base` } } });
  const service = await operator(tenantry)("POST", `${PROJECT}/services`, { name: "s", deployment: "d", version: "v1" });
  id = service.id;
  assert.equal(service.endpoint, `${tenantry.url}/services/${id}`);
});
after(async () => {
  await tenantry?.stop();
  upstream?.stop();
});

const call = (below, /** @type {any} */ options = {}) =>
  fetch(`${tenantry.url}/services/${id}${below}`, {
    redirect: "manual",
    duplex: "half",
    ...options,
    headers: { authorization: `Token ${token}`, ...options.headers },
  });

const record = () => newestRecord(tenantry);

const json = (value) => (response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
};

/** What comes back on a connection of its own to these bytes: the head of an answer, and what comes in so many milliseconds after it. */
async function raw(text, more = 0) {
  const { hostname, port } = new URL(tenantry.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.on("error", () => {});
  let answer = "";
  socket.on("data", (data) => (answer += data));
  socket.write(text);
  await until("an answer", () => answer.includes("\r\n\r\n") || socket.closed);
  await sleep(more);
  socket.destroy();
  return answer;
}

const head = (method, below, ...lines) =>
  [`${method} /services/${id}${below} HTTP/1.1`, `Host: ${new URL(tenantry.url).host}`, `Authorization: Token ${token}`, ...lines, "", ""].join("\r\n");

test("a form with a file arrives as it was sent, signed", async () => {
  answers = json({ text: "hello" });
  const form = new FormData();
  form.set("model", "whisper");
  form.set("file", new Blob([Buffer.alloc(300_000, 7)], { type: "audio/wav" }), "a.wav");
  const response = await call("/v1/audio/transcriptions?x=1", { method: "POST", body: form });
  assert.deepEqual(await response.json(), { text: "hello" });
  const sent = calls.at(-1);
  assert.deepEqual([sent.method, sent.url], ["POST", "/base/v1/audio/transcriptions?x=1"]);
  assert.match(sent.headers["content-type"], /^multipart\/form-data; boundary=/);
  assert.ok(sent.length > 300_000 && sent.headers["content-length"] === String(sent.length));
  assert.match(sent.headers["webhook-signature"], /^v1,/);
  assert.equal(sent.headers.authorization, undefined);
  const { status, kind, input_size } = await record();
  assert.deepEqual([status, kind, input_size], ["completed", "service", sent.length]);
});

for (const declared of [true, false]) {
  test(`a long body ${declared ? "of declared length" : "without a length"} is passed up, unsigned and whole`, async () => {
    answers = json({});
    const piece = Buffer.alloc(MEGABYTE, 3);
    const hash = createHash("sha256");
    const sending = httpRequest(`${tenantry.url}/services/${id}/up`, {
      method: "POST",
      headers: { authorization: `Token ${token}`, ...(declared ? { "content-length": 20 * MEGABYTE } : {}) },
    });
    const answered = once(sending, "response");
    for (let at = 0; at < 20; at++) {
      hash.update(piece);
      if (!sending.write(piece)) await once(sending, "drain");
    }
    sending.end();
    const [response] = await answered;
    response.resume();
    assert.equal(response.statusCode, 200);
    const sent = calls.at(-1);
    assert.deepEqual([sent.length, sent.hash], [20 * MEGABYTE, hash.digest("hex")]);
    assert.equal(sent.headers["webhook-signature"], undefined);
    assert.equal(sent.headers[declared ? "content-length" : "transfer-encoding"], declared ? String(20 * MEGABYTE) : "chunked");
    await record();
    const used = await tenantry.database.prepare("SELECT max(input_volume) AS volume FROM usage_days").first();
    assert.ok(used.volume >= 20 * MEGABYTE);
  });
}

test("a body that is broken off half-way is taken for no whole one, and ends the call", async () => {
  answers = json({});
  const count = calls.length;
  for (const line of ["Content-Length: 9000000", "Transfer-Encoding: chunked"]) {
    const { hostname, port } = new URL(tenantry.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    await once(socket, "connect");
    const before = calls.length;
    socket.write(head("POST", "/half", line));
    socket.write(line.startsWith("T") ? `5\r\nhello\r\n` : "hello");
    await until("what was sent of the body", () => calls[before]?.length === 5);
    socket.resetAndDestroy();
    await until("the end of the upstream's call", () => calls[before].closed);
    assert.equal(calls[before].whole, false, line);
    assert.equal((await record()).status, "failed");
  }
  assert.equal(calls.length, count + 2);
});

test("an upstream may answer before the body has come", async () => {
  const early = await listen((request, response) => {
    response.writeHead(413, { "content-type": "text/plain" }).end("too long");
    request.resume();
  });
  const { url } = early;
  await operator(tenantry)("POST", `${PROJECT}/deployments/d/versions`, { version: "early" });
  await operator(tenantry)("PUT", `${PROJECT}/deployments/d/versions/early/upstream`, { upstream_url: url, base_url: url });
  const { id: other } = await operator(tenantry)("POST", `${PROJECT}/services`, { name: "early", deployment: "d", version: "early" });
  const sending = httpRequest(`${tenantry.url}/services/${other}/x`, { method: "POST", headers: { authorization: `Token ${token}` } });
  sending.on("error", () => {});
  const answered = once(sending, "response");
  sending.write(Buffer.alloc(1024));
  const [response] = await answered;
  assert.equal(response.statusCode, 413);
  response.resume();
  sending.destroy();
  early.stop();
});

test("a long answer passes by with its length, and without staying in memory", { timeout: 120_000 }, async (context) => {
  const piece = Buffer.alloc(MEGABYTE, 9);
  answers = async (response) => {
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": LONG, etag: '"a"' });
    for (let sent = 0; sent < LONG; sent += piece.length) {
      if (!response.write(piece)) await once(response, "drain");
    }
    response.end();
  };
  const pid = await workerdPid();
  const before = pid === null ? 0 : await residentMegabytes(pid);
  const response = await call("/long");
  assert.deepEqual([response.status, response.headers.get("content-length"), response.headers.get("etag")], [200, String(LONG), '"a"']);
  let length = 0;
  let most = 0;
  for await (const chunk of response.body) {
    const at = Math.floor(length / (20 * MEGABYTE));
    length += chunk.length;
    if (pid !== null && Math.floor(length / (20 * MEGABYTE)) > at) most = Math.max(most, await residentMegabytes(pid));
  }
  assert.equal(length, LONG);
  const { status, output_size } = await record();
  assert.deepEqual([status, output_size], ["completed", LONG]);
  if (pid !== null) {
    context.diagnostic(`memory of the runtime in MB: ${Math.round(before)} before, ${Math.round(most)} at most`);
    assert.ok(most <= before + MEMORY, "a long answer stays in memory");
  }
});

test("events come one by one", async () => {
  // An event leaves when the one before it has come, so that one which is held back ends the test.
  const come = new EventEmitter();
  answers = async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let event = 0; event < 5; event++) {
      const seen = once(come, `${event}`);
      response.write(`data: {"event":${event}}\n\n`);
      await seen;
    }
    response.end("data: [DONE]\n\n");
  };
  const response = await call("/v1/chat/completions", { method: "POST", body: "{}" });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  let text = "";
  for await (const chunk of response.body) {
    const part = Buffer.from(chunk).toString();
    for (const [, event] of part.matchAll(/"event":(\d+)/g)) come.emit(event);
    text += part;
  }
  assert.deepEqual(Array.from(text.matchAll(/"event":(\d+)/g), ([, event]) => Number(event)), [0, 1, 2, 3, 4]);
  assert.ok(text.endsWith("data: [DONE]\n\n"));
  assert.equal((await record()).status, "completed");
});

test("HEAD, 304, a range and answers without a body are what they are", async () => {
  answers = (response) => response.writeHead(200, { "content-length": 12345, "x-own": "1" }).end();
  let response = await call("/file", { method: "HEAD" });
  assert.deepEqual([response.status, response.headers.get("content-length"), response.headers.get("x-own")], [200, "12345", "1"]);
  assert.equal(calls.at(-1).method, "HEAD");
  answers = (response) => response.writeHead(304, { etag: '"b"' }).end();
  response = await call("/file", { headers: { "if-none-match": '"b"' } });
  assert.deepEqual([response.status, response.headers.get("etag"), await response.text()], [304, '"b"', ""]);
  assert.equal(calls.at(-1).headers["if-none-match"], '"b"');
  answers = (response) => response.writeHead(206, { "content-range": "bytes 0-1/9", "content-length": 2 }).end("ab");
  response = await call("/file", { headers: { range: "bytes=0-1" } });
  assert.deepEqual([response.status, response.headers.get("content-range"), await response.text()], [206, "bytes 0-1/9", "ab"]);
  for (const status of [204, 205]) {
    answers = (response) => response.writeHead(status).end();
    response = await call("/file", { method: "DELETE" });
    assert.deepEqual([response.status, await response.text()], [status, ""]);
  }
  answers = (response) => response.writeHead(200, { "content-length": 0 }).end();
  response = await call("/file");
  assert.deepEqual([response.status, await response.text()], [200, ""]);
  answers = (response) => response.writeHead(302, { location: "/base/else?x" }).end();
  response = await call("/file");
  assert.deepEqual([response.status, response.headers.get("location")], [302, `/services/${id}/else?x`]);
});

test("an answer that is shorter than it says is seen to be", async () => {
  answers = async (response) => {
    response.writeHead(200, { "content-length": 200_000 });
    response.write(Buffer.alloc(100_000));
    await sleep(50);
    response.destroy();
  };
  const response = await call("/short");
  assert.equal(response.headers.get("content-length"), "200000");
  await assert.rejects(response.arrayBuffer());
  assert.equal((await record()).error_message, "the upstream's answer broke off");
  answers = async (response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("half");
    await sleep(50);
    response.destroy();
  };
  const other = await call("/short");
  await assert.rejects(other.text());
});

test("what is coded all the same comes back as it was", async () => {
  const { gzipSync } = await import("node:zlib");
  answers = (response) => response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" }).end(gzipSync("hello ".repeat(100)));
  const response = await call("/coded");
  assert.equal(calls.at(-1).headers["accept-encoding"], "identity");
  assert.equal(await response.text(), "hello ".repeat(100));
});

test("no request hides in another, and no line breaks out of a path", async () => {
  answers = json({});
  const count = calls.length;
  const hidden = `0\r\n\r\nGET /services/${id}/hidden HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (const lines of [
    ["Content-Length: 4", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding : chunked"],
    ["Content-Length: 4", "Content-Length: 5"],
    ["Content-Length: +4"],
  ]) {
    await raw(head("POST", "/smuggled", ...lines) + hidden, 400);
  }
  for (const below of ["/a%0d%0aX-Own:%201", "/a%250d%250a", "/%2e%2e%2f%2e%2e", "/%252e%252e/", "/a%5c..%5c"]) {
    const answer = await raw(head("GET", below, "Connection: close"));
    assert.match(answer, /^HTTP\/1\.1 (400|404)/, below);
  }
  for (const sent of calls.slice(count)) {
    assert.ok(sent.url === "/base/smuggled", sent.url);
    assert.equal(sent.headers["x-own"], undefined);
  }
  const upgraded = await raw(head("GET", "/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="));
  assert.match(upgraded, /^HTTP\/1\.1 501/);
});

test("a caller who hangs up ends the call and is charged for its time", async () => {
  answers = async (response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    while (!response.destroyed) {
      response.write("x".repeat(1000));
      await sleep(20);
    }
  };
  const count = calls.length;
  const left = new AbortController();
  const response = await call("/endless", { signal: left.signal });
  await response.body.getReader().read();
  await sleep(300);
  left.abort();
  await until("the end of the upstream's call", () => calls[count].closed);
  const { status, error_message, run_time } = await record();
  assert.deepEqual([status, error_message], ["failed", "the caller hung up"]);
  assert.ok(run_time >= 250, `${run_time} ms`);
});
