// What an upstream is sent by the built module in workerd, to the last header: fetch adds what it likes, unless somebody looks.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { listen } from "./listen.mjs";
import { startTenantry } from "./serve.mjs";

const PROJECT = "/v2.1/projects/vision";
const VERSION = `${PROJECT}/deployments/d/versions/v1`;
const MOST = 8 << 20;
let tenantry;
let upstream;
let secret;
let robot;
/** What the upstream was sent last. */
let sent;

before(async () => {
  upstream = await listen(async (incoming, response) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method, url, headers } = incoming;
    sent = { method, url, headers, body: Buffer.concat(chunks) };
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
  tenantry = await startTenantry({ logFile: null, vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  await called("POST", "/operator/v1/users", { email: "ada@example.com" });
  await called("POST", "/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
  await called("POST", "/v2.1/projects", { name: "vision", organization_name: "acme" });
  await called("POST", `${PROJECT}/deployments`, { name: "d", input_type: "plain", output_type: "plain", supports_request_format: false });
  await called("POST", `${PROJECT}/deployments/d/versions`, { version: "v1" });
  await called("POST", `${PROJECT}/environment-variables`, { name: "KEY", value: "the project's", secret: true });
  await called("POST", `${VERSION}/environment-variables`, { name: "KEY", value: "k-ey", secret: true });
  const put = await called("PUT", `${VERSION}/upstream`, {
    upstream_url: `${upstream.url}/predict?a=1&b=%20`,
    headers: { authorization: "Bearer ${KEY}", "x-team": "vision $$" },
  });
  secret = put.upstream_secret;
  robot = await called("POST", `${PROJECT}/service-users`, { name: "robot" });
  await called("POST", `${PROJECT}/role-assignments`, { role: "deployment-request-user", assignee: robot.id });
});
after(async () => {
  await tenantry?.stop();
  upstream?.stop();
});

async function called(method, path, body) {
  const headers = { Authorization: `Token ${tenantry.operatorToken}`, "Content-Type": "application/json" };
  const response = await fetch(tenantry.url + path, { method, headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
}

function ask(body, headers = {}) {
  sent = undefined;
  return fetch(`${tenantry.url}${VERSION}/requests`, {
    method: "POST",
    headers: { Authorization: `Token ${robot.token}`, ...headers },
    body,
  });
}

test("an upstream is sent the body, its own headers and ours, and nothing of the caller's", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const answer = await ask('{"x": "\u00fc"}', {
    "Content-Type": "application/json",
    Cookie: "session=1",
    "X-Forwarded-For": "203.0.113.7",
    "X-Mine": "1",
    traceparent,
  });
  const { id, status } = await answer.json();
  assert.equal(status, "completed");
  // The runtime's own: where it goes, how long it is, and which zone's Worker sends it.
  const { host, connection, "content-length": length, "cf-worker": zone, ...headers } = sent.headers;
  assert.equal(length, "11");
  assert.deepEqual([sent.method, sent.url], ["POST", "/predict?a=1&b=%20"]);
  const { "webhook-timestamp": timestamp, "webhook-signature": signature, "tenantry-signature": whole, ...told } = headers;
  const deadline = Date.parse(told["tenantry-deadline"]);
  assert.ok(Math.abs(deadline - Date.now() - 300_000) < 60_000, told["tenantry-deadline"]);
  assert.match(told["user-agent"], /^Tenantry\/\d+\.\d+\.\d+$/);
  assert.deepEqual(told, {
    accept: "application/json, text/plain, text/event-stream",
    "accept-encoding": "identity",
    authorization: "Bearer k-ey",
    "content-type": "application/json",
    "tenantry-caller": `${robot.id} service_user`,
    "tenantry-deadline": told["tenantry-deadline"],
    "tenantry-deployment": "d",
    "tenantry-project": "vision",
    "tenantry-request-id": id,
    "tenantry-version": "v1",
    traceparent,
    "user-agent": told["user-agent"],
    "webhook-id": id,
    "x-team": "vision $",
  });

  // As docs/gate.md says that both are made.
  new Webhook(secret).verify(sent.body, sent.headers);
  const digest = createHash("sha256").update(sent.body).digest("hex");
  const text = `${id}.${timestamp}.POST ${sent.url}.vision.${robot.id} service_user.${digest}`;
  const mac = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64")).update(text).digest("base64");
  assert.equal(whole, `v1,${mac}`);
  assert.match(signature, /^v1,[A-Za-z0-9+/]{43}=$/);
});

test("bytes go through as they are, up to 8 MiB", async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  assert.equal((await (await ask(bytes, { "Content-Type": "image/png" })).json()).status, "completed");
  assert.ok(sent.body.equals(bytes));
  assert.equal(sent.headers["content-type"], "image/png");

  const most = Buffer.alloc(MOST, 7);
  assert.equal((await (await ask(most)).json()).status, "completed");
  assert.ok(sent.body.equals(most));

  sent = undefined;
  const headers = { Authorization: `Token ${robot.token}`, "Content-Length": MOST + 1 };
  const longer = request(`${tenantry.url}${VERSION}/requests`, { method: "POST", headers });
  longer.flushHeaders();
  const [{ statusCode }] = await once(longer, "response");
  longer.destroy();
  assert.equal(statusCode, 413);
  assert.equal(sent, undefined);
});

test("a body of nothing is one", async () => {
  assert.equal((await (await ask("")).json()).status, "completed");
  assert.deepEqual([sent.method, sent.body.length], ["POST", 0]);
  assert.equal(sent.headers["content-length"], "0");
});

test("a request that comes from the gate is not let in again", async () => {
  await ask("1");
  const answer = await ask("1", { "Tenantry-Request-Id": sent.headers["tenantry-request-id"] });
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).error, /^Tenantry-Request-Id: /);
});
