// The heavier calls, of the module alone, and the world they are about: a copy of the other one with a thousand service users, a
// thousand projects that were used every day of a year, a person with a thousand roles, and an access key.

import { createHash, createHmac, randomUUID } from "node:crypto";
import { cp } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { startTenantry } from "../tests/support/serve.mjs";
import { PROJECT, asker, fill } from "./world.mjs";

const MANY = 1000;
/** The year 2025, in days since 1970-01-01. */
const YEAR = { first: 20089, end: 20454 };
const EVENTS = 10_000_000;
/** What is signed as the host, and sent: the requests are made before anybody knows the port. */
const HOST = "quota.example.com";

/** @returns {Promise<object>} what `heavyCalls` needs */
export async function createHeavyWorld(world, stateDir, vars) {
  await cp(world.stateDir, stateDir, { recursive: true });
  const tenantry = await startTenantry({ stateDir, logFile: null, vars });
  const made = {};
  try {
    const ask = asker(tenantry.url);
    made.person = await ask(tenantry.operatorToken, "POST", "/operator/v1/users", { email: "person@example.com" });
    made.project = await ask(world.admin, "GET", `/v2.1/projects/${PROJECT}`);
    made.signer = await ask(world.admin, "POST", `/v2.1/projects/${PROJECT}/service-users`, { name: "signer" });
    await ask(world.admin, "POST", `/v2.1/projects/${PROJECT}/role-assignments`, {
      assignee: made.signer.id,
      assignee_type: "user",
      role: "project-admin",
      resource: PROJECT,
      resource_type: "project",
    });
    made.key = await ask(world.admin, "POST", `/v2.1/projects/${PROJECT}/service-users/${made.signer.id}/access-keys`);
  } finally {
    await tenantry.stop();
  }
  // Two are there already: the caller of the other calls, and the signer.
  fill(tenantry.d1File, MANY - 2);
  load(tenantry.d1File, made.person.id);
  return { stateDir, admin: world.admin, ...made };
}

/** The projects with their usage, and the person's roles: one on the project, the others on a deployment each. */
function load(d1File, person) {
  const database = new DatabaseSync(d1File);
  const numbers = (from, end) => `WITH RECURSIVE numbers (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${end})`;
  const bench = `projects p WHERE p.name = '${PROJECT}'`;
  const days = YEAR.end - YEAR.first;
  // A tenth of a credit an event, and as many events for each project and day.
  const used = Math.round((EVENTS / MANY / days) * 100_000);
  const assign = (role, type, id) => `
    SELECT printf('%08x-0000-4000-9999-000000000000', n), p.organization_id, p.id, r.id, '${person}', '${type}', ${id}, 1700000000000
    FROM numbers JOIN roles r ON r.name = '${role}' AND r.project_id IS NULL JOIN ${bench};`;
  const assignments =
    "INSERT INTO role_assignments (id, organization_id, project_id, role_id, user_id, resource_type, resource_id, creation_date)";
  const deployment = "printf('%08x-0000-4000-7777-000000000000', n)";
  try {
    database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN;
      INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
      ${numbers(1, MANY)} SELECT printf('%08x-0000-4000-6666-000000000000', n), p.organization_id, 'used-' || n, 1700000000000, 0,
                                 '[]', '{}' FROM numbers, ${bench};
      INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
      ${numbers(YEAR.first, YEAR.end)} SELECT p.id, 'deployment_version', n, p.organization_id, ${used} FROM numbers, projects p;
      INSERT INTO usage_days (subject_id, object_type, day, organization_id, credits)
      SELECT organization_id, object_type, day, organization_id, sum(credits) FROM usage_days
      GROUP BY organization_id, object_type, day;
      INSERT INTO organization_users (organization_id, user_id, admin, join_date)
      SELECT p.organization_id, '${person}', 0, 1700000000000 FROM ${bench};
      INSERT INTO project_users (organization_id, project_id, user_id) SELECT p.organization_id, p.id, '${person}' FROM ${bench};
      INSERT INTO deployments (id, organization_id, project_id, name, description, input_type, output_type, input_fields,
                               output_fields, supports_request_format, labels, creation_date, last_updated)
      ${numbers(1, MANY)} SELECT ${deployment}, p.organization_id, p.id, 'model-' || n, '', 'plain', 'plain', '[]', '[]', 1, '{}',
                                 1700000000000, 1700000000000 FROM numbers, ${bench};
      ${assignments} ${numbers(0, 1)} ${assign("project-admin", "project", "p.id")}
      ${assignments} ${numbers(1, MANY)} ${assign("project-viewer", "deployment", deployment)}
      COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)`);
  } finally {
    database.close();
  }
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** Signs as Huawei Cloud's SDKs do. The path has no query, and nothing in it that would have to be encoded. */
function signed(key, method, path, body) {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const headers = { "content-type": "application/json", host: HOST, "x-sdk-date": date };
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const names = Object.keys(headers).join(";");
  const text = `SDK-HMAC-SHA256\n${date}\n${sha256(`${method}\n${path}/\n\n${lines.join("")}\n${names}\n${sha256(body)}`)}`;
  const signature = createHmac("sha256", key.secret_key).update(text).digest("hex");
  return { ...headers, authorization: `SDK-HMAC-SHA256 Access=${key.access_key}, SignedHeaders=${names}, Signature=${signature}` };
}

/** The calls by name, as `calls` of world.mjs has them. */
export function heavyCalls(world) {
  const get = (token, path) => () => ({ method: "GET", path, headers: { authorization: `Token ${token}` }, status: 200 });
  const byKey = (method, path, body) => signed(world.key, method, path, body);
  const byToken = () => ({ "content-type": "application/json", "x-auth-token": world.signer.token });
  const quotas = `/v1/${world.project.id}/workspaces/0/quotas`;
  const send = (headers, method, path, content) => (n) => {
    const body = JSON.stringify(content(n));
    return { method, path, headers: headers(method, path, body), body, status: 200 };
  };
  const set = (n) => ({ quotas: [{ resource: "trainJob.gpu_duration", quota: 100 + (n % 100) }] });
  const consumed = () => ({ id: randomUUID(), resource: "notebook.gpu_duration", amount: 1 });
  return {
    "list 1,000 service users": get(world.admin, `/v2.1/projects/${PROJECT}/service-users`),
    // A year of them would pass the 8 MiB that an answer has.
    "usage of two months by day, 1,000 projects": get(
      world.admin,
      "/v2.1/organizations/bench/usage?start_date=2025-01-01&end_date=2025-03-01&interval=day",
    ),
    "permission check, 1,000 roles": get(
      world.person.token,
      `/v2.1/projects/${PROJECT}/permissions/check?permission=deployments.get&resource=model-${MANY - 1}&resource_type=deployment`,
    ),
    "set a quota, signed": send(byKey, "PUT", quotas, set),
    "set a quota, by token": send(byToken, "PUT", quotas, set),
    "consume, signed": send(byKey, "POST", `${quotas}/consumption`, consumed),
    "consume, by token": send(byToken, "POST", `${quotas}/consumption`, consumed),
  };
}
