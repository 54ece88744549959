// What a page on one origin can do with a service user's token on another: the rules of CORS as a real browser enforces them.
//
// Each page is served from a port of its own on this machine, which makes it an origin of its own. The requests go to a
// deployment that does not exist, so the answer of the last step is 404: what is looked at is who gets that far, and who may read it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../support/listen.mjs";
import { startTenantry } from "../support/serve.mjs";
import { until } from "../support/until.mjs";
import { launch } from "./chromium.mjs";

const REQUESTS = "/deployments/nowhere/requests";
let tenantry;
let browser;
const sites = [];
let ownersToken;
let count = 0;

before(async () => {
  [tenantry, browser] = await Promise.all([startTenantry(), launch()]);
  const owner = await made("POST", "/operator/v1/users", { email: "owner@example.com" }, tenantry.operatorToken);
  ownersToken = owner.token;
  await made("POST", "/v2.1/organizations", { name: "acme", subscription: "free" });
});
after(async () => {
  await browser?.close();
  for (const site of sites) site.stop();
  await tenantry?.stop();
});

/** One call from outside any browser, which must succeed; the answer's body. */
async function made(method, path, body, token = ownersToken) {
  const response = await fetch(tenantry.url + path, {
    method,
    headers: { Authorization: `Token ${token}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

/** A project of its own; `origins` are its `cors_origins`. */
async function project(origins = []) {
  const name = `project-${++count}`;
  await made("POST", "/v2.1/projects", { name, organization_name: "acme", cors_origins: origins });
  return `/v2.1/projects/${name}`;
}

/** A service user of the project, with a role on it unless that is null. */
async function serviceUser(projectPath, fields = {}, role = "project-editor") {
  const user = await made("POST", `${projectPath}/service-users`, fields);
  if (role) await made("POST", `${projectPath}/role-assignments`, { role, assignee: user.id });
  return user;
}

/** Has a service user expire, a second from now or as soon as it can be said in time. */
async function expires(path) {
  const headers = { Authorization: `Token ${ownersToken}`, "Content-Type": "application/json" };
  for (let milliseconds = 1_000; ; milliseconds *= 2) {
    const at = Date.now() + milliseconds;
    const body = JSON.stringify({ expiry_date: new Date(at).toISOString() });
    const { status } = await fetch(tenantry.url + path, { method: "PATCH", headers, body });
    if (status === 200) return await sleep(at - Date.now() + 1);
    assert.ok(status === 400 && milliseconds < 60_000, `${status}`);
  }
}

/** A page on an origin of its own, which calls the API as an app's script would. */
async function site() {
  const server = await listen((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html><title>app</title>"));
  sites.push(server);
  const origin = server.url;
  const page = await browser.newPage();
  await page.goto(origin);
  /** What the script sees: status and body, or that the browser keeps the answer from it. */
  const call = (method, path, token, body, headers = {}) =>
    page.evaluate(
      async ([url, options]) => {
        try {
          const response = await fetch(url, options);
          return { status: response.status, body: await response.json(), requestId: response.headers.get("X-Request-Id") };
        } catch (error) {
          return { blocked: String(error) };
        }
      },
      [
        tenantry.url + path,
        {
          method,
          headers: { Authorization: `Token ${token}`, ...(body && { "Content-Type": "application/json" }), ...headers },
          body: body && JSON.stringify(body),
        },
      ],
    );
  return { origin, call };
}

/** What the worker has logged since the last look: so many lines, or more, up to that of a call which is made here. */
let looked = 0;
async function logged(expected = 0) {
  const { headers } = await fetch(`${tenantry.url}/v2.1/status`);
  const mark = headers.get("x-request-id");
  return await until(`${expected} lines of the log`, async () => {
    const lines = (await readFile(tenantry.logFile, "utf8")).split("\n").filter((line) => line.startsWith("{"));
    const found = lines.slice(looked).map((line) => JSON.parse(line));
    if (found.length <= expected || !found.some(({ request_id }) => request_id === mark)) return;
    looked = lines.length;
    return found.filter(({ request_id }) => request_id !== mark);
  });
}

const readable = (answer, status) => {
  assert.equal(answer.status, status, JSON.stringify(answer));
  assert.match(answer.requestId, /^[0-9a-f]{32}$/);
  return answer.body;
};
const blocked = (answer) => assert.match(answer.blocked ?? JSON.stringify(answer), /Failed to fetch/);

test("a page of the installation itself gets through to a request endpoint", async () => {
  const path = await project();
  const user = await serviceUser(path);
  const page = await browser.newPage();
  await page.goto(`${tenantry.url}/docs`);
  const answer = await page.evaluate(
    async ([url, token]) => {
      const response = await fetch(url, { method: "POST", headers: { Authorization: `Token ${token}` } });
      return { status: response.status, body: await response.json() };
    },
    [path + REQUESTS, user.token],
  );
  assert.equal(answer.status, 404, answer.body.error);
  await page.close();
});

test("an origin of the service user's own list reads the answer to its request, a 404 as well", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [app.origin] });
  const body = readable(await app.call("POST", path + REQUESTS, user.token, { x: 1 }), 404);
  assert.equal(body.error, "Deployment was not found");
  assert.match(body.detail, /no deployment 'nowhere'/);
  assert.equal(body.error_message, body.error);
});

test("a page may send the headers of any SDK", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [app.origin] });
  const headers = {
    "X-Stainless-Arch": "unknown",
    "X-Stainless-Retry-Count": "0",
    "Idempotency-Key": "1",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "sentry-trace": "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
  };
  readable(await app.call("POST", path + REQUESTS, user.token, { x: 1 }, headers), 404);
  const owner = await site();
  await made("PATCH", path, { cors_origins: [owner.origin] });
  readable(await owner.call("GET", path, user.token, undefined, headers), 200);
});

test("a page reads that there is nothing at a path, and why", async () => {
  const app = await site();
  const path = await project([app.origin]);
  const user = await serviceUser(path);
  readable(await app.call("GET", `${path}/nothing/here`, user.token), 404);
  const body = readable(await app.call("POST", `${path}/deployments/d/versions/v/revisions`, user.token, {}), 404);
  assert.match(body.error, /no code runs here/);
});

test("a call from a server is no browser's, though Node sends Sec-Fetch-Mode and the server an Origin", async () => {
  const path = await project();
  const user = await serviceUser(path);
  const response = await fetch(tenantry.url + path + REQUESTS, {
    method: "POST",
    headers: { Authorization: `Token ${user.token}`, "Content-Type": "application/json", Origin: "https://app.example" },
    body: "{}",
  });
  assert.equal(response.status, 404, await response.text());
});

test("an origin that nobody lists is blocked, and its call never sent", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: ["https://app.example.com"] });
  await logged();
  blocked(await app.call("POST", path + REQUESTS, user.token, { x: 1 }));
  assert.deepEqual((await logged(1)).map(({ method }) => method), ["OPTIONS"]);
});

test("the origin of another service user is refused before anything runs", async () => {
  const [own, other] = [await site(), await site()];
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [own.origin] });
  await serviceUser(path, { allowed_cors_origins: [other.origin] });
  await logged();
  blocked(await other.call("POST", path + REQUESTS, user.token, { x: 1 }));
  const calls = await logged(2);
  assert.deepEqual(calls.map(({ method, status }) => [method, status]), [["OPTIONS", 204], ["POST", 403]]);
  assert.equal(calls[1].rows_written, 0);
});

test("the app reads a 401, that of a token which has expired too", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [app.origin] });
  readable(await app.call("POST", path + REQUESTS, user.token, {}), 404);
  readable(await app.call("POST", path + REQUESTS, "0".repeat(40), {}), 401);
  await expires(`${path}/service-users/${user.id}`);
  const body = readable(await app.call("POST", path + REQUESTS, user.token, {}), 401);
  assert.match(body.error, /expired/);
});

test("the app reads a 403", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [app.origin] }, "project-viewer");
  readable(await app.call("POST", path + REQUESTS, user.token, {}), 403);
});

test("an origin that is taken off the list is blocked from then on", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [app.origin] });
  readable(await app.call("POST", path + REQUESTS, user.token, {}), 404);
  await made("PATCH", `${path}/service-users/${user.id}`, { allowed_cors_origins: [] });
  blocked(await app.call("POST", path + REQUESTS, user.token, {}));
});

test("a reset token stops in the page at once, and the new one works", async () => {
  const app = await site();
  const path = await project([app.origin]);
  const user = await serviceUser(path);
  readable(await app.call("GET", path, user.token), 200);
  const { token } = await made("PUT", `${path}/service-users/${user.id}/token`);
  readable(await app.call("GET", path, user.token), 401);
  readable(await app.call("GET", path, token), 200);
});

test("a project's origin reads everything in the project, and nothing elsewhere", async () => {
  const app = await site();
  const path = await project([app.origin]);
  const user = await serviceUser(path, { name: "page" }, "project-admin");
  assert.equal(readable(await app.call("GET", path, user.token), 200).name, path.split("/").at(-1));
  const [only] = readable(await app.call("GET", `${path}/service-users`, user.token), 200);
  assert.equal(only.id, user.id);
  readable(await app.call("PATCH", `${path}/service-users/${user.id}`, user.token, { description: "from a page" }), 200);
  readable(await app.call("GET", `${path}${REQUESTS}`, user.token), 404);
  readable(await app.call("GET", `${path}/service-users/${user.id.replace(/./g, "0")}`, user.token), 404);
  blocked(await app.call("GET", await project(), user.token));
  blocked(await app.call("GET", "/v2.1/projects", user.token));
});

test("a service user's own origin reads requests alone", async () => {
  const app = await site();
  const path = await project();
  const user = await serviceUser(path, { allowed_cors_origins: [app.origin] });
  readable(await app.call("GET", path + REQUESTS, user.token), 404);
  blocked(await app.call("GET", path, user.token));
});
