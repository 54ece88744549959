// OpenAI's JavaScript SDK against the gate of the built module, in front of an upstream of ours and of a server that others wrote.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import OpenAI from "openai";
import { FOREIGN_KEY, FOREIGN_WORDS, startForeign, startPlanned } from "./openai-upstreams.mjs";
import { startTenantry } from "./serve.mjs";
import { newestRecord } from "./served.mjs";

const PROJECT = "/v2.1/projects/vision";
const SAID = { planned: "good morning to you", foreign: FOREIGN_WORDS };
const MODELS = { planned: "ubiops-deployment/planned//parrot", foreign: "ubiops-deployment/foreign/v1/org/some:model" };
/** @type {import("openai/resources").ChatCompletionMessageParam[]} */
const messages = [{ role: "user", content: SAID.planned }];
let tenantry;
let planned;
let foreign;
let baseURL;
let apiKey;
let client;

before(async () => {
  [tenantry, planned, foreign] = await Promise.all([
    startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } }),
    startPlanned(),
    startForeign(FOREIGN_KEY),
  ]);
  await called("POST", "/operator/v1/users", { email: "ada@example.com" });
  await called("POST", "/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
  await called("POST", "/v2.1/projects", { name: "vision", organization_name: "acme" });
  await called("POST", `${PROJECT}/environment-variables`, { name: "MODEL_KEY", value: FOREIGN_KEY, secret: true });
  planned.secrets.push(await served("planned", "parrot;slow;endless;breaks;fails", planned.url));
  await served("foreign", "org/some:model", foreign.url, { headers: { authorization: "Bearer ${MODEL_KEY}" } });
  planned.secrets.push(await served("narrow", "parrot;slow", planned.url, { max_concurrency: 1 }));
  await served("gone", "parrot", "http://127.0.0.1:9/v1");
  const robot = await called("POST", `${PROJECT}/service-users`, { name: "robot" });
  await called("POST", `${PROJECT}/role-assignments`, { role: "deployment-request-user", assignee: robot.id });
  baseURL = `${tenantry.url}${PROJECT}/openai-compatible/v1`;
  apiKey = robot.token;
  client = new OpenAI({ baseURL, apiKey });
});
after(async () => {
  await tenantry?.stop();
  planned?.stop();
  await foreign?.stop();
});

async function called(method, path, body) {
  const headers = { Authorization: `Token ${tenantry.operatorToken}`, "Content-Type": "application/json" };
  const response = await fetch(tenantry.url + path, { method, headers, body: JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
}

/** A deployment that OpenAI's clients reach, with these models behind it; the secret of its upstream. */
async function served(name, models, url, upstream = {}) {
  const labels = { "openai-compatible": "true", "openai-model-names": models };
  await called("POST", `${PROJECT}/deployments`, { name, input_type: "plain", output_type: "plain" });
  await called("POST", `${PROJECT}/deployments/${name}/versions`, { version: "v1", labels });
  const body = { upstream_url: `${url}/chat/completions`, base_url: url, ...upstream };
  return (await called("PUT", `${PROJECT}/deployments/${name}/versions/v1/upstream`, body)).upstream_secret;
}

const record = () => newestRecord(tenantry);

async function refused(promise, kind, status, words) {
  const error = await promise.then(() => assert.fail("it was not refused"), (error) => error);
  assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
  assert.equal(error.status, status);
  assert.match(error.message, words);
  return error;
}

test("the models are those that can be asked", async () => {
  const ids = [];
  for await (const { id } of client.models.list()) ids.push(id);
  const own = ["parrot", "slow", "endless", "breaks", "fails"].map((name) => `ubiops-deployment/planned/v1/${name}`);
  const others = ["gone/v1/parrot", "narrow/v1/parrot", "narrow/v1/slow"].map((name) => `ubiops-deployment/${name}`);
  assert.deepEqual(ids, [MODELS.foreign, ...others, ...own]);
});

for (const upstream of ["planned", "foreign"]) {
  test(`answers of the ${upstream} upstream are read whole and streamed`, async () => {
    const model = MODELS[upstream];
    const whole = await client.chat.completions.create({ model, messages });
    assert.equal(whole.choices[0].message.content, SAID[upstream]);
    const { prompt_tokens, completion_tokens, total_tokens } = await record();
    assert.deepEqual({ prompt_tokens, completion_tokens, total_tokens }, whole.usage);

    for (const stream_options of [undefined, { include_usage: true }]) {
      let text = "";
      let usage;
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options })) {
        text += chunk.choices[0]?.delta.content ?? "";
        usage ??= chunk.usage;
      }
      assert.equal(text, SAID[upstream]);
      assert.deepEqual(usage ?? undefined, stream_options && whole.usage);
      assert.equal((await record()).total_tokens, whole.usage.total_tokens);
    }

    const response = await client.responses.create({ model, input: SAID.planned });
    assert.equal(response.output_text, SAID[upstream]);
    const types = [];
    for await (const { type } of await client.responses.create({ model, input: SAID.planned, stream: true })) types.push(type);
    assert.equal(types.at(-1), "response.completed");
    const { data } = await client.embeddings.create({ model, input: ["good", "morning"] });
    assert.equal(data.length, 2);
    if (upstream === "planned") assert.deepEqual(data.map(({ embedding }) => embedding), [[4, 1], [7, 1]]);
  });
}

test("a piece of a stream is there before the upstream has the next", async () => {
  const stream = await client.chat.completions.create({ model: "ubiops-deployment/planned//slow", messages, stream: true });
  const pieces = [];
  for await (const chunk of stream) {
    pieces.push(chunk.choices[0].delta.content);
    if (pieces.length === 1) planned.release();
  }
  assert.deepEqual(pieces.filter(Boolean), ["good ", "morning ", "to ", "you"]);
});

test("a stream that its reader leaves is a request whose caller hung up", async () => {
  const stream = await client.chat.completions.create({ model: "ubiops-deployment/planned//endless", messages, stream: true });
  for await (const chunk of stream) {
    assert.equal(chunk.choices[0].delta.content, "good ");
    break;
  }
  const { status, error_message } = await record();
  assert.deepEqual([status, error_message], ["failed", "the caller hung up"]);
});

test("who is refused reads why", async () => {
  const ask = (model, as = client) => as.chat.completions.create({ model, messages });
  const unknown = await refused(ask("ubiops-deployment/planned//nobody"), OpenAI.NotFoundError, 404, /has no model 'nobody'/);
  assert.deepEqual([unknown.code, unknown.param], ["model_not_found", "model"]);
  await refused(ask(MODELS.planned, new OpenAI({ baseURL, apiKey: "0".repeat(40) })), OpenAI.AuthenticationError, 401, /token/);
  const once = client.withOptions({ maxRetries: 0 });
  await refused(ask("ubiops-deployment/planned//fails", once), OpenAI.InternalServerError, 500, /the model has failed/);
});

test("who is one too many waits as they are told, and is let in then", async () => {
  const slow = await client.chat.completions.create({ model: "ubiops-deployment/narrow//slow", messages, stream: true });
  const statuses = [];
  const seen = async (/** @type {Parameters<typeof fetch>} */ ...request) => {
    const response = await fetch(...request);
    statuses.push(response.status);
    assert.ok(response.ok || response.headers.get("retry-after"));
    // Before it asks again there is room: what is read to its end has been settled.
    planned.release();
    await ends;
    return response;
  };
  const ends = (async () => {
    for await (const _ of slow);
  })();
  const patient = new OpenAI({ baseURL, apiKey, fetch: seen });
  const answer = await patient.chat.completions.create({ model: "ubiops-deployment/narrow//parrot", messages });
  assert.equal(answer.choices[0].message.content, SAID.planned);
  assert.deepEqual(statuses, [429, 200]);
});

test("what ran and failed is not sent again by the SDK", async () => {
  let sent = 0;
  const counting = new OpenAI({ baseURL, apiKey, fetch: (/** @type {Parameters<typeof fetch>} */ ...request) => (sent++, fetch(...request)) });
  for (const [model, words] of /** @type {[string, RegExp][]} */ ([
    ["ubiops-deployment/gone//parrot", /could not be reached/],
    ["ubiops-deployment/planned//breaks", /broke off/],
  ])) {
    sent = 0;
    await refused(counting.chat.completions.create({ model, messages }), OpenAI.InternalServerError, 502, words);
    assert.equal(sent, 1, model);
    assert.equal((await record()).status, "failed");
  }
  const pieces = [];
  const broken = async () => {
    const stream = await counting.chat.completions.create({ model: "ubiops-deployment/planned//breaks", messages, stream: true });
    for await (const chunk of stream) pieces.push(chunk.choices[0].delta.content);
  };
  await refused(broken(), OpenAI.APIError, undefined, /broke off/);
  assert.deepEqual(pieces, ["good "]);
});

test("the same key is the same answer, and ran once", async () => {
  const options = { headers: { "Idempotency-Key": "order-1" } };
  const ask = () => client.chat.completions.create({ model: MODELS.planned, messages }, options).withResponse();
  const before = planned.calls.length;
  const [first, again] = [await ask(), await ask()];
  assert.deepEqual(again.data.id, first.data.id);
  assert.deepEqual([first, again].map(({ response }) => response.headers.get("idempotent-replayed")), [null, "true"]);
  assert.equal(planned.calls.length, before + 1);
});

test("the example of the documentation says what it is answered", async () => {
  const example = path.join(import.meta.dirname, "../../examples/openai/chat.mjs");
  const env = { ...process.env, OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey };
  const { stdout } = await promisify(execFile)(process.execPath, [example], { env });
  assert.equal(stdout, `${SAID.foreign}\n`);
});
