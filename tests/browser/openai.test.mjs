// OpenAI's JavaScript SDK in a page, with a service user's token: whom the origins of that token let through, that a stream arrives
// piece by piece, and that a page can tell when its token is taken away.
//
// Each page is served from a port of its own, which makes it an origin of its own. The upstream behind the gate tells what it was sent.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { listen } from "../support/listen.mjs";
import { startPlanned } from "../support/openai-upstreams.mjs";
import { startTenantry } from "../support/serve.mjs";
import { newestRecord } from "../support/served.mjs";
import { launch } from "./chromium.mjs";

const PROJECT = "/v2.1/projects/vision";
// What the app's page runs: `ask` streams an answer, reports each piece, and tells what it was in the end.
const APP = `
  import OpenAI from "openai";

  window.ask = async (baseURL, apiKey, model) => {
    const client = new OpenAI({ baseURL, apiKey, dangerouslyAllowBrowser: true, maxRetries: 0 });
    const pieces = [];
    try {
      const messages = [{ role: "user", content: "good morning to you" }];
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
        const piece = chunk.choices[0]?.delta.content;
        if (piece) pieces.push(piece);
        if (piece) await window.pieceCame?.(piece);
      }
      return { pieces };
    } catch (error) {
      const { status, code, message, requestID: requestId } = error;
      return { pieces, name: error.constructor.name, status, code, message, requestId };
    }
  };
  window.models = async (baseURL, apiKey) => {
    const client = new OpenAI({ baseURL, apiKey, dangerouslyAllowBrowser: true, maxRetries: 0 });
    return (await client.models.list()).data.map(({ id }) => id);
  };
`;
const HTML = '<!doctype html><meta charset="utf-8"><title>app</title><script src="/app.js"></script>';
let tenantry;
let browser;
let planned;
let script;
const sites = [];

before(async () => {
  const bundled = build({
    stdin: { contents: APP, resolveDir: import.meta.dirname },
    bundle: true,
    format: "iife",
    platform: "browser",
    write: false,
    // Whether names are kept is the app's choice; the test reads the classes of errors.
    keepNames: true,
  });
  let outcome;
  [tenantry, browser, planned, outcome] = await Promise.all([
    startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } }),
    launch(),
    startPlanned(),
    bundled,
  ]);
  script = outcome.outputFiles[0].text;
  await called("POST", "/operator/v1/users", { email: "ada@example.com" });
  await called("POST", "/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
  await called("POST", "/v2.1/projects", { name: "vision", organization_name: "acme" });
  await called("POST", `${PROJECT}/deployments`, { name: "chat", input_type: "plain", output_type: "plain" });
  const labels = { "openai-compatible": "true", "openai-model-names": "parrot;slow;endless" };
  await called("POST", `${PROJECT}/deployments/chat/versions`, { version: "v1", labels });
  const upstream = { upstream_url: `${planned.url}/chat/completions`, base_url: planned.url };
  planned.secrets.push((await called("PUT", `${PROJECT}/deployments/chat/versions/v1/upstream`, upstream)).upstream_secret);
});
after(async () => {
  await browser?.close();
  for (const site of sites) site.stop();
  planned?.stop();
  await tenantry?.stop();
});

/** One call from outside any browser, which must succeed; the answer's body. */
async function called(method, path, body) {
  const headers = { Authorization: `Token ${tenantry.operatorToken}`, "Content-Type": "application/json" };
  const response = await fetch(tenantry.url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
}

/** A service user that may ask, from these origins. */
async function serviceUser(...origins) {
  const user = await called("POST", `${PROJECT}/service-users`, { allowed_cors_origins: origins });
  await called("POST", `${PROJECT}/role-assignments`, { role: "deployment-request-user", assignee: user.id });
  return user;
}

/** The app on an origin of its own. */
async function site() {
  const server = await listen((request, response) => {
    if (request.url === "/app.js") return response.setHeader("Content-Type", "text/javascript").end(script);
    response.setHeader("Content-Type", "text/html").end(HTML);
  });
  sites.push(server);
  const origin = server.url;
  const page = await browser.newPage();
  await page.goto(origin);
  const baseURL = `${tenantry.url}${PROJECT}/openai-compatible/v1`;
  return {
    origin,
    page,
    ask: (token, name = "parrot") => page.evaluate((given) => window.ask(...given), [baseURL, token, `ubiops-deployment/chat//${name}`]),
    models: (token) => page.evaluate((given) => window.models(...given), [baseURL, token]),
  };
}

/** How many requests have left a record. */
const records = async () => (await tenantry.database.prepare("SELECT count(*) AS count FROM requests").first()).count;

test("a page of a listed origin has a stream piece by piece", async () => {
  const app = await site();
  const user = await serviceUser(app.origin);
  assert.deepEqual(await app.models(user.token), ["parrot", "slow", "endless"].map((name) => `ubiops-deployment/chat/v1/${name}`));
  // The upstream holds what follows the first word until the page has that one.
  const seen = [];
  await app.page.exposeFunction("pieceCame", (piece) => {
    seen.push(piece);
    if (seen.length === 1) planned.release();
  });
  assert.deepEqual(await app.ask(user.token, "slow"), { pieces: ["good ", "morning ", "to ", "you"] });
  assert.deepEqual(seen, ["good ", "morning ", "to ", "you"]);
});

test("from an origin that nobody lists the browser sends nothing, and nothing runs", async () => {
  const app = await site();
  const user = await serviceUser("https://app.example.com");
  const [sent, recorded] = [planned.calls.length, await records()];
  const answer = await app.ask(user.token);
  assert.deepEqual([answer.name, answer.status, answer.pieces], ["APIConnectionError", undefined, []], JSON.stringify(answer));
  assert.deepEqual([planned.calls.length, await records()], [sent, recorded]);
});

test("from the origin of another service user nothing runs either", async () => {
  const [own, other] = [await site(), await site()];
  const user = await serviceUser(own.origin);
  const neighbour = await serviceUser(other.origin);
  const [sent, recorded] = [planned.calls.length, await records()];
  assert.equal((await other.ask(user.token)).name, "APIConnectionError");
  assert.deepEqual([planned.calls.length, await records()], [sent, recorded]);
  // The same page with the token that lists it, so it was the origin.
  assert.equal((await other.ask(neighbour.token)).pieces.length, 4);
  assert.deepEqual([planned.calls.length, await records()], [sent + 1, recorded + 1]);
});

test("a page that is closed in the middle of a stream has hung up", async () => {
  const app = await site();
  const user = await serviceUser(app.origin);
  let came;
  const first = new Promise((resolve) => (came = resolve));
  await app.page.exposeFunction("pieceCame", came);
  // It ends with the page.
  app.ask(user.token, "endless").catch(() => {});
  assert.equal(await first, "good ");
  await app.page.close();
  const { status, error_message } = await newestRecord(tenantry);
  assert.deepEqual([status, error_message], ["failed", "the caller hung up"]);
});

test("a token that is taken away ends the next call with a 401 that the page reads", async () => {
  const app = await site();
  const user = await serviceUser(app.origin);
  assert.equal((await app.ask(user.token)).pieces.length, 4);
  const { token } = await called("PUT", `${PROJECT}/service-users/${user.id}/token`);
  const sent = planned.calls.length;
  const answer = await app.ask(user.token);
  assert.deepEqual([answer.name, answer.status, answer.code], ["AuthenticationError", 401, "invalid_api_key"], JSON.stringify(answer));
  assert.match(answer.message, /token/);
  assert.match(answer.requestId, /^[0-9a-f]{32}$/);
  assert.equal(planned.calls.length, sent);
  assert.equal((await app.ask(token)).pieces.length, 4);
});

test("a page reads why it is refused", async () => {
  const app = await site();
  const user = await serviceUser(app.origin);
  const unknown = await app.ask(user.token, "nobody");
  assert.deepEqual([unknown.status, unknown.code], [404, "model_not_found"], JSON.stringify(unknown));
  assert.match(unknown.message, /has no model 'nobody'/);
});
