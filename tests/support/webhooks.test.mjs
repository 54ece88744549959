// Webhooks and schedules in the built module: a receiver checks what it is told with the library of Standard Webhooks.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { listen } from "./listen.mjs";
import { startTenantry } from "./serve.mjs";
import { DEPLOYMENT, PROJECT, operator, served } from "./served.mjs";
import { until } from "./until.mjs";

let tenantry;
let call;
let token;
let receiver;
/** What the receiver was told, and what it answers next. */
const told = [];
const answers = [];

before(async () => {
  receiver = await listen(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { url, headers } = request;
    if (url === "/predict") return response.writeHead(200, { "content-type": "application/json" }).end('{"y": 2}');
    told.push({ url, headers, body: Buffer.concat(chunks) });
    return response.writeHead(answers.shift() ?? 204).end();
  });
  tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  call = operator(tenantry);
  token = await served(tenantry, { v1: { upstream: { upstream_url: address("/predict") } } });
});
after(async () => {
  await tenantry?.stop();
  receiver.stop();
});

const address = (path) => `${receiver.url}${path}`;

async function ask() {
  const headers = { authorization: `Token ${token}`, "content-type": "application/json" };
  const response = await fetch(`${tenantry.url}${DEPLOYMENT}/requests`, { method: "POST", headers, body: '{"x": 1}' });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

/** What is told at a path, once there is so much of it. */
async function toldAt(path, count) {
  return await until(`${count} at ${path}`, () => {
    const found = told.filter(({ url }) => url === path);
    return found.length >= count && found;
  });
}

const webhook = (name, more) =>
  call("POST", `${PROJECT}/webhooks`, { name, object_type: "deployment", object_name: "d", url: address(`/${name}`), ...more });

/** What an event says, which the library of Standard Webhooks lets pass. */
const verified = (webhook, { body, headers }) => /** @type {any} */ (new Webhook(webhook.secret).verify(body, headers));

test("what has become of a request is told at once, signed as Standard Webhooks has it, with its result", async () => {
  const headers = [{ key: "Authorization", value: "sesame $x", protected: true }];
  const made = await webhook("done", { event: "deployment_request_completed", include_result: true, headers });
  const started = await webhook("started", { event: "deployment_request_started" });
  const { id } = await ask();
  const [event] = await toldAt("/done", 1);
  const { type, data } = verified(made, event);
  assert.deepEqual([type, data.id, data.status, data.result, data.test], ["deployment_request_completed", id, "completed", { y: 2 }, false]);
  assert.equal(event.headers.authorization, "sesame $x");
  assert.throws(() => new Webhook(started.secret).verify(event.body, event.headers));
  const [beginning] = await toldAt("/started", 1);
  assert.equal(verified(started, beginning).data.status, "processing");
  await call("PATCH", `${PROJECT}/webhooks/done`, { enabled: false });
  await call("PATCH", `${PROJECT}/webhooks/started`, { enabled: false });
});

test("what fails is told again after five seconds, with the same id", async () => {
  const made = await webhook("again", { event: "deployment_request_completed" });
  answers.push(500);
  await ask();
  const [first, second] = await toldAt("/again", 2);
  assert.equal(first.headers["webhook-id"], second.headers["webhook-id"]);
  assert.deepEqual(first.body, second.body);
  new Webhook(made.secret).verify(second.body, second.headers);
});

test("a test tells of itself", async () => {
  const about = { object_type: "deployment", object_name: "d", url: address("/test"), event: "deployment_request_failed" };
  const made = await call("POST", `${PROJECT}/webhooks-tests`, about);
  const [event] = await toldAt("/test", 1);
  assert.equal(verified(made, event).data.test, true);
  await until("the end of the test", async () => (await call("GET", `${PROJECT}/webhooks-tests/${made.id}`)).status === "completed");
});

test("a schedule makes a request each minute, and a run that comes twice makes one", async () => {
  await call("POST", `${PROJECT}/schedules`, {
    name: "s", object_type: "deployment", object_name: "d", schedule: "* * * * *", request_data: { x: 1 },
  });
  // A minute ago, so nobody has to wait for one.
  const due = "UPDATE request_schedules SET next_tick = (unixepoch() / 60 - 1) * 60000";
  const scheduled = async () => assert.equal((await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`)).status, 200);
  for (let run = 0; run < 2; run++) {
    await tenantry.database.prepare(due).run();
    await scheduled();
  }
  const count = "SELECT count(*) AS count, count(DISTINCT id) AS ids FROM requests WHERE kind = 'schedule'";
  const { count: made, ids } = await tenantry.database.prepare(count).first();
  // Two ticks have come: that of a minute ago and that of this minute; a third, if a minute has ended meanwhile.
  assert.ok(made === ids && made >= 2 && made <= 3, `${made} requests`);
  const headers = { authorization: `Token ${token}` };
  await until("what the schedule has made to run", async () => {
    const found = await fetch(`${tenantry.url}${DEPLOYMENT}/requests?request_schedule=s`, { headers });
    return (await found.json()).length === made;
  });
});

test("a schedule of a pipeline runs it, its webhook is told, and both go with it", async () => {
  const field = (name) => [{ name, data_type: "int" }];
  const pipeline = `${PROJECT}/pipelines/p`;
  await call("POST", `${PROJECT}/pipelines`, {
    name: "p", input_type: "structured", output_type: "structured", input_fields: field("in"), output_fields: field("out"),
  });
  const link = (source_name, source_field_name, destination_name, destination_field_name) => ({
    destination_name, sources: [{ source_name, mapping: [{ source_field_name, destination_field_name }] }],
  });
  await call("POST", `${pipeline}/versions`, {
    version: "v1", objects: [{ name: "d", reference_name: "d", reference_type: "deployment" }],
    attachments: [link("pipeline_start", "in", "d", "x"), link("d", "y", "pipeline_end", "out")],
  });
  const about = { object_type: "pipeline", object_name: "p", version: "v1" };
  const made = await webhook("piped", { ...about, event: "pipeline_request_completed", include_result: true });
  await call("POST", `${PROJECT}/schedules`, { name: "piped", ...about, schedule: "* * * * *", request_data: { in: 1 } });
  const due = "UPDATE request_schedules SET next_tick = (unixepoch() / 60 - 1) * 60000 WHERE name = 'piped'";
  await tenantry.database.prepare(due).run();
  assert.equal((await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`)).status, 200);
  const [event] = await toldAt("/piped", 1);
  const { type, data } = verified(made, event);
  const { pipeline: name, version, status, result } = data;
  assert.deepEqual([type, name, version, status, result], ["pipeline_request_completed", "p", "v1", "completed", { out: 2 }]);
  const headers = { authorization: `Token ${tenantry.operatorToken}` };
  assert.equal((await fetch(tenantry.url + pipeline, { method: "DELETE", headers })).status, 204);
  for (const path of ["webhooks/piped", "schedules/piped"]) {
    assert.equal((await fetch(`${tenantry.url}${PROJECT}/${path}`, { headers })).status, 404);
  }
});
