// What whoever watches an installation is told by the module in workerd: figures that count what was done, and rows read, by D1's own
// account, that do not grow with what there is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";
import { DEPLOYMENT, served } from "./served.mjs";

/** So many records of each state: more than are counted. */
const MANY = 12_000;
let tenantry;
let token;
before(async () => {
  tenantry = await startTenantry();
  token = await served(tenantry, { v1: { upstream: { upstream_url: "https://models.example.com/predict" } } });
});
after(async () => {
  await tenantry?.stop();
});

const send = (path, shown) => fetch(tenantry.url + path, { headers: shown && { authorization: `Token ${shown}` }, redirect: "manual" });

/** The samples of `/metrics`, by their names and labels without that of the isolate; and the rows that it read. */
async function scraped() {
  const response = await send("/metrics", tenantry.operatorToken);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const lines = (await response.text()).trimEnd().split("\n");
  const samples = new Map();
  for (const line of lines) {
    if (/^# (HELP tenantry_\w+ [^\n]+\.|TYPE tenantry_\w+ (counter|gauge))$/.test(line)) continue;
    const [, name, labels = "", value] = line.match(/^(tenantry_[a-z_]+)(?:\{((?:[a-z]+="[a-z0-9]+",?)+)\})? ([0-9.]+)$/) ?? assert.fail(line);
    const kept = labels.split(",").filter((label) => !label.startsWith("isolate="));
    samples.set([name, ...kept.filter(Boolean)].join(" "), Number(value));
  }
  return { samples, rows: rowsOf(response) };
}

/** The rows that a call read. */
const rowsOf = (response) => Number(response.headers.get("server-timing").match(/desc="\d+\/(\d+)\//)[1]);

async function health() {
  const response = await send("/health");
  assert.equal(response.status, 200);
  return { degraded: (await response.json()).degraded, rows: rowsOf(response) };
}

test("what was done is counted, by the one isolate that serves", async () => {
  const { samples: first } = await scraped();
  assert.equal(first.get("tenantry_database_up"), 1);
  assert.equal((await send("/v2.1/user", token)).status, 200);
  assert.equal((await send("/v2.1/user")).status, 401);
  assert.equal((await send("/")).status, 302);
  // No such upstream answers.
  const headers = { authorization: `Token ${token}`, "content-type": "application/json" };
  await (await fetch(`${tenantry.url}${DEPLOYMENT}/requests`, { method: "POST", headers, body: '{"x": 1}' })).text();
  const { samples: second } = await scraped();
  const more = (name) => second.get(name) - first.get(name);
  assert.equal(more('tenantry_calls_total status="3xx"'), 1);
  assert.ok(more('tenantry_calls_total status="2xx"') >= 2);
  assert.ok(more('tenantry_calls_total status="4xx"') >= 1);
  assert.equal(more('tenantry_gate_requests_total outcome="failed"'), 1);
  assert.ok(more("tenantry_database_round_trips_total") >= 4);
  assert.equal(more("tenantry_database_failures_total"), 0);
  assert.ok(more("tenantry_database_seconds_total") > 0);
  assert.equal((await send("/metrics", token)).status, 403);
  assert.equal((await send("/metrics")).status, 401);
});

test("the scheduled run notes that it was there", async () => {
  assert.equal((await scraped()).samples.get("tenantry_scheduled_run_age_seconds"), undefined);
  assert.equal((await fetch(`${tenantry.url}/cdn-cgi/local/scheduled`)).status, 200);
  assert.ok((await scraped()).samples.get("tenantry_scheduled_run_age_seconds") < 60);
  assert.equal((await health()).degraded, undefined);
});

test("rows read have a bound, whatever there is", async () => {
  const [few, figures] = [await health(), await scraped()];
  for (const status of ["completed", "processing", "pending"]) {
    await tenantry.database
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
         INSERT INTO requests (project_id, id, organization_id, object_type, object_id, version_id, kind, status, caller, time_created,
           time_started, time_completed, timeout, lease_end, leased, leased_time, input_size, retention_mode, retention_time, due_at)
         SELECT 'project-' || i % 1000, ?1 || i, 'o', 'deployment', 'd', 'v', 'batch', ?1, 'somebody', 0, 0,
           iif(?1 = 'completed', 1, NULL), 300, 9000000000000, 0, 0, 1, 'full', 604800, iif(?1 = 'pending', 9000000000000, NULL) FROM n`,
      )
      .bind(status)
      .run();
  }
  const webhook = "INSERT INTO webhook_deliveries (record_id, webhook_id, event, project_id, host, status, time_created, due_at) ";
  await tenantry.database.batch([
    tenantry.database.prepare("PRAGMA defer_foreign_keys = 1"),
    tenantry.database.prepare(`INSERT INTO webhook_hosts VALUES ('shop.acme.com', 20, 9000000000000)`),
    tenantry.database.prepare(
      `INSERT INTO webhooks (id, organization_id, project_id, name, object_type, object_id, is_test, url, host, event, description, labels,
         timeout, enabled, retry, include_result, headers, signing_secret, signing_secret_key_id, creation_date, last_updated)
       SELECT 'w', p.organization_id, p.id, 'w', 'deployment', d.id, 0, '', 'shop.acme.com', '', '', '{}', 10, 1, 1, 0, '[]', '', '', 0, 0
       FROM deployments d JOIN projects p ON p.id = d.project_id`,
    ),
    tenantry.database.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})
       ${webhook} SELECT 'r' || i, 'w', 'e', 'p', 'shop.acme.com', 'completed', 0, 0 FROM n`,
    ),
  ]);
  const [healthy, full] = [await health(), await scraped()];
  assert.equal(healthy.degraded, undefined);
  for (const kind of ['requests_under_way lease="held"', "requests_waiting", "webhooks_waiting"]) {
    assert.equal(full.samples.get(`tenantry_${kind}`), 10_000, kind);
  }
  console.log(`rows read: /health ${few.rows} and ${healthy.rows}, /metrics ${figures.rows} and ${full.rows}`);
  assert.ok(healthy.rows <= 50, `${healthy.rows}`);
  assert.ok(figures.rows <= 17, `${figures.rows}`);
  // And as many late schedules may be counted.
  assert.ok(full.rows + 10_000 <= 52_100, `${full.rows}`);
});
