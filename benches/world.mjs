// What the calls of the benchmark are about: an organization, a project, a service user with its token, and as many service users
// beside it as asked for, loaded into D1's file while nobody serves it. All workers get a copy of the same file.

import { createHmac, randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { startTenantry } from "../tests/support/serve.mjs";

export const PROJECT = "bench";
export const ORIGIN = "https://app.example.com";
/** Service users whose tokens are reset, in turns: more than there are connections. */
const RESETTABLE = 64;
/** Origins in a list at most (contract section 4); the first service users of a large project carry that many each. */
const ORIGINS_A_LIST = 100;
const LISTS = 100;

/** Calls the API and gives the answer's JSON. */
export const asker = (url) => async (token, method, path, body) => {
  const headers = { authorization: `Token ${token}`, "content-type": "application/json" };
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
};

/** Makes the world through the API, in a state directory that nobody else uses. */
export async function createWorld(stateDir, tokenKey) {
  const tenantry = await startTenantry({ stateDir, logFile: null, vars: { TOKEN_KEY: tokenKey } });
  const ask = asker(tenantry.url);
  try {
    const operator = tenantry.operatorToken;
    const { token: admin } = await ask(operator, "POST", "/operator/v1/users", { email: "admin@example.com" });
    await ask(admin, "POST", "/v2.1/organizations", { name: "bench", subscription: "free" });
    const project = { name: PROJECT, organization_name: "bench", cors_origins: ["https://www.example.com"], labels: { stage: "bench" } };
    await ask(admin, "POST", "/v2.1/projects", project);
    const serviceUser = await ask(admin, "POST", `/v2.1/projects/${PROJECT}/service-users`, {
      name: "caller",
      allowed_cors_origins: [ORIGIN],
    });
    await ask(admin, "POST", `/v2.1/projects/${PROJECT}/role-assignments`, {
      assignee: serviceUser.id,
      assignee_type: "user",
      role: "project-viewer",
      resource: PROJECT,
      resource_type: "project",
    });
    return { d1File: tenantry.d1File, admin, serviceUser: serviceUser.token, tokenKey };
  } finally {
    await tenantry.stop();
  }
}

/** Brings the project to so many service users with a token and a role each, by SQL. Nobody may be serving the file. */
export function fill(d1File, total) {
  const database = new DatabaseSync(d1File);
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000; BEGIN");
    const { there } = database.prepare("SELECT count(*) AS there FROM service_users WHERE id LIKE '%-bbbb-%'").get();
    const numbers = `WITH RECURSIVE numbers (n) AS (SELECT ${there} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${total})`;
    const id = "printf('%08x-0000-4000-bbbb-000000000000', n)";
    const role = "(SELECT id FROM roles WHERE name = 'project-viewer' AND project_id IS NULL)";
    if (there < total) {
      database.exec(`
        INSERT INTO service_users (id, organization_id, project_id, email, name, description, creation_date, allowed_cors_origins)
        ${numbers} SELECT ${id}, p.organization_id, p.id, ${id} || '.${PROJECT}@serviceuser.tenantry.invalid', 'number ' || n, '',
                          1700000000000 + n, '[]' FROM numbers, projects p WHERE p.name = '${PROJECT}';
        INSERT INTO tokens (id, digest, key_id, service_user_id, creation_date)
        ${numbers} SELECT printf('%08x-0000-4000-aaaa-000000000000', n), lower(hex(randomblob(32))), 'bench', ${id}, 1700000000000
                   FROM numbers;
        INSERT INTO role_assignments (id, organization_id, project_id, role_id, service_user_id, resource_type, resource_id, creation_date)
        ${numbers} SELECT printf('%08x-0000-4000-8888-000000000000', n), p.organization_id, p.id, ${role}, ${id}, 'project', p.id,
                          1700000000000 FROM numbers, projects p WHERE p.name = '${PROJECT}';`);
    }
    const origins = total >= LISTS * ORIGINS_A_LIST ? LISTS * ORIGINS_A_LIST : 0;
    database.exec(`
      INSERT OR IGNORE INTO service_user_origins (project_id, origin, service_user_id)
      WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${origins})
      SELECT p.id, 'https://app' || n || '.example.com', printf('%08x-0000-4000-bbbb-000000000000', n / ${ORIGINS_A_LIST})
      FROM numbers, projects p WHERE p.name = '${PROJECT}' AND ${origins} > 0;
      COMMIT; ANALYZE`);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return { serviceUsers: total, origins };
  } finally {
    database.close();
  }
}

/** A token that nobody has: of the right form, with a MAC that is right or that is not. */
function strangersToken(tokenKey, forged) {
  const random = randomBytes(16);
  const mac = createHmac("sha256", tokenKey).update("token mac\0").update(random).digest().subarray(0, 4);
  if (forged) mac[0] ^= 1;
  return Buffer.concat([random, mac]).toString("hex");
}

/** The calls that are measured, by name; each makes its n-th request. */
export function calls(world) {
  const project = `/v2.1/projects/${PROJECT}`;
  const token = (value) => ({ authorization: `Token ${value}`, accept: "application/json" });
  const get = (value, status) => () => ({ method: "GET", path: project, headers: token(value), status });
  const body = JSON.stringify({ name: "made by the benchmark", allowed_cors_origins: [ORIGIN] });
  const resettable = (n) => `${(n % RESETTABLE).toString(16).padStart(8, "0")}-0000-4000-bbbb-000000000000`;
  return {
    "get project": get(world.serviceUser, 200),
    preflight: () => ({
      method: "OPTIONS",
      path: `${project}/deployments/model/requests`,
      headers: { origin: ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
      status: 204,
    }),
    "unknown token": get(strangersToken(world.tokenKey, false), 401),
    "forged token": get(strangersToken(world.tokenKey, true), 401),
    "create service user": () => ({
      method: "POST",
      path: `${project}/service-users`,
      headers: { ...token(world.admin), "content-type": "application/json" },
      body,
      status: 201,
    }),
    "reset token": (n) => ({
      method: "PUT",
      path: `${project}/service-users/${resettable(n)}/token`,
      headers: token(world.admin),
      status: 200,
    }),
  };
}
