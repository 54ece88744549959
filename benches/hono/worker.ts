// What a careful TypeScript developer writes by hand: Hono and D1, for the calls of the benchmark alone.
//
// It makes the same check of a token as the product - the MAC, the digest, expiry, the project, the permission - in one round trip,
// does the work in a second, and gives the same answers, with the request id, `Server-Timing`, one log line and the note of a
// token's last use. It is spared what the product does beside that: other calls and credentials, patch semantics, deadlines,
// races between the two round trips.

import { Hono } from "hono";
import type { Context } from "hono";

type Env = {
  Bindings: { DB: D1Database; TOKEN_KEY: string; SERVICE_USER_DOMAIN?: string };
  Variables: { requestId: string; project: Project; caller: Caller; cost: { trips: number; read: number; written: number; ms: number } };
};
type Call = Context<Env>;
type Caller = {
  token_id: string; last_used: number | null; expiry_date: number | null;
  user_id: string | null; service_user_id: string | null; email: string;
  is_admin: number | null; has_part: number; may: number;
};
type Project = {
  project_id: string; project_name: string; project_creation_date: number; advanced_permissions: number; credits: number | null;
  suspended_by: string | null; suspended_reason: string | null; cors_origins: string; labels: string;
  organization_id: string; organization_name: string; subscription_start_date: number; credits_used?: number;
};

const callerAndProject = (columns = "") => `
  SELECT t.id AS token_id, t.last_used, s.expiry_date, u.id AS user_id, s.id AS service_user_id, coalesce(u.email, s.email) AS email,
         p.id AS project_id, p.name AS project_name, p.creation_date AS project_creation_date, p.advanced_permissions, p.credits,
         p.suspended_by, p.suspended_reason, p.cors_origins, p.labels, n.id AS organization_id, n.name AS organization_name,
         n.subscription_start_date,${columns}
         m.admin AS is_admin,
         m.admin = 1 OR s.project_id = p.id
           OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id)) AS has_part,
         m.admin = 1 OR EXISTS (
           SELECT 1 FROM role_assignments a JOIN role_permissions h ON h.role_id = a.role_id
           WHERE a.project_id = p.id AND a.assignee_id = coalesce(u.id, s.id) AND a.resource_type = 'project'
             AND h.permission = ?3) AS may
  FROM tokens t
  LEFT JOIN users u ON u.id = t.user_id
  LEFT JOIN service_users s ON s.id = t.service_user_id
  LEFT JOIN projects p ON p.name = ?2
  LEFT JOIN organizations n ON n.id = p.organization_id
  LEFT JOIN organization_users m ON m.organization_id = p.organization_id AND m.user_id = u.id
  WHERE t.digest = ?1`;
const CALLER_AND_PROJECT = callerAndProject();
/** The same, with what the project has used in the present period, for where it is shown. */
const CALLER_AND_USAGE = callerAndProject(`
         (SELECT coalesce(sum(d.credits), 0) FROM usage_days d
          WHERE d.subject_id = p.id AND d.object_type = 'deployment_version'
            AND d.day >= unixepoch(
              'now', 'start of month', iif(strftime('%d', n.subscription_start_date / 1000, 'unixepoch') > strftime('%d', 'now'), '-1 month', '+0 month'),
              '+' || (strftime('%d', n.subscription_start_date / 1000, 'unixepoch') - 1) || ' days') / 86400) AS credits_used,`);
const ORIGIN_IN_PROJECT = `
  SELECT EXISTS (SELECT 1 FROM project_origins o WHERE o.project_id = p.id AND o.origin = ?2) AS by_project,
         EXISTS (SELECT 1 FROM service_user_origins o WHERE o.project_id = p.id AND o.origin = ?2) AS by_service_user
  FROM projects p WHERE p.name = ?1`;

const encoder = new TextEncoder();
const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const json = (text: string) => JSON.parse(text) as unknown;

let key: Promise<CryptoKey> | undefined;
let keyId: Promise<string> | undefined;
const sign = async (c: Call, data: Uint8Array) => {
  key ??= crypto.subtle.importKey("raw", encoder.encode(c.env.TOKEN_KEY), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", await key, data));
};
const mac = (c: Call, random: Uint8Array) => sign(c, new Uint8Array([...encoder.encode("token mac\0"), ...random]));
const digest = async (c: Call, token: string) => hex(await sign(c, encoder.encode(token)));
const currentKeyId = (c: Call) =>
  (keyId ??= crypto.subtle
    .digest("SHA-256", encoder.encode("tenantry token key id" + c.env.TOKEN_KEY))
    .then((bytes) => hex(new Uint8Array(bytes)).slice(0, 8)));
async function mint(c: Call): Promise<string> {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return hex(random) + hex((await mac(c, random)).slice(0, 4));
}
async function isOurs(c: Call, token: string): Promise<boolean> {
  if (!/^[0-9a-f]{40}$/.test(token)) return false;
  const bytes = unhex(token);
  const expected = (await mac(c, bytes.slice(0, 16))).slice(0, 4);
  return crypto.subtle.timingSafeEqual(expected, bytes.slice(16));
}

/** One round trip, put on the request's account. */
async function batch(c: Call, statements: D1PreparedStatement[]): Promise<D1Result[]> {
  const cost = c.get("cost");
  const results = await c.env.DB.batch(statements);
  cost.trips += 1;
  for (const { meta } of results) {
    cost.read += meta.rows_read;
    cost.written += meta.rows_written;
    cost.ms += meta.duration;
  }
  return results;
}

const app = new Hono<Env>();

app.use(async (c, next) => {
  const started = Date.now();
  const cost = { trips: 0, read: 0, written: 0, ms: 0 };
  c.set("requestId", crypto.randomUUID().replaceAll("-", ""));
  c.set("cost", cost);
  await next();
  const milliseconds = Date.now() - started;
  c.header("vary", "Origin");
  c.header("x-request-id", c.get("requestId"));
  c.header("server-timing", `db;desc="${cost.trips}/${cost.read}/${cost.written}";dur=${cost.ms}, total;dur=${milliseconds}`);
  console.log(
    JSON.stringify({
      time: new Date(started).toISOString(), level: "info", request_id: c.get("requestId"), method: c.req.method,
      route: c.req.routePath, status: c.res.status, milliseconds, principal: c.get("caller")?.email, round_trips: cost.trips,
      rows_read: cost.read, rows_written: cost.written, database_milliseconds: cost.ms,
    }),
  );
});

app.options("/v2.1/projects/:project/deployments/:deployment/requests", async (c) => {
  const methods = "POST, GET, HEAD, OPTIONS";
  const headers: Record<string, string> = { allow: methods };
  const origin = c.req.header("origin");
  if (origin) {
    const [{ results }] = await batch(c, [c.env.DB.prepare(ORIGIN_IN_PROJECT).bind(c.req.param("project"), origin)]);
    const [row] = results as { by_project: number; by_service_user: number }[];
    if (row && (row.by_project || row.by_service_user)) {
      headers["access-control-allow-origin"] = origin;
      headers["access-control-allow-methods"] = methods;
      headers["access-control-allow-headers"] = "authorization, content-type, accept";
      headers["access-control-max-age"] = "600";
    }
  }
  return c.body(null, 204, headers);
});

/** Who is calling, and whether they may; otherwise the refusal. */
async function authorise(c: Call, permission: string, select = CALLER_AND_PROJECT): Promise<Response | undefined> {
  const token = c.req.header("authorization")?.match(/^(?:token|bearer) (.+)$/i)?.[1] ?? "";
  const invalid = () => c.json({ error: "the token is invalid or has expired" }, 401, { "www-authenticate": "Token" });
  if (!(await isOurs(c, token))) return invalid();
  const name = c.req.param("project") ?? "";
  const now = Date.now();
  const statement = c.env.DB.prepare(select).bind(await digest(c, token), name, permission);
  const [{ results }] = await batch(c, [statement]);
  const [row] = results as (Caller & Project)[];
  if (!row || (row.expiry_date !== null && row.expiry_date <= now)) return invalid();
  if (!row.project_id || !row.has_part) return c.json({ error: `there is no project '${name}'` }, 404);
  if (!row.may) return c.json({ error: `this needs the permission ${permission}` }, 403);
  if (row.last_used === null || row.last_used <= now - 60_000) {
    const touch = "UPDATE tokens SET last_used = CAST(?1 AS INTEGER) WHERE id = ?2";
    c.executionCtx.waitUntil(c.env.DB.prepare(touch).bind(now, row.token_id).run());
  }
  c.set("caller", row);
  c.set("project", row);
  return undefined;
}

/** With six digits of a second, which the clients document. */
const zulu = (date: Date) => date.toISOString().replace("Z", "000Z");

/** The month of a subscription in which `now` lies: months that are too short for its day aside. */
function presentPeriod(start: Date, now: Date): { start: Date; end: Date } {
  const day = start.getUTCDate();
  const month = now.getUTCMonth() - (day > now.getUTCDate() ? 1 : 0);
  const of = (month: number) => new Date(Date.UTC(now.getUTCFullYear(), month, day));
  return { start: of(month), end: of(month + 1) };
}

/** The audit row of a change. */
function audit(c: Call, action: string, object: string, name: string, after: unknown): D1PreparedStatement {
  const { project_id, organization_id } = c.get("project");
  const caller = c.get("caller");
  return c.env.DB.prepare(
    `INSERT INTO audit (id, date, request_id, actor, actor_id, action, event, object_type, object_id, object_name, organization_id,
                        project_id, after)
     VALUES (?1, CAST(?2 AS INTEGER), ?3, ?4, ?5, ?6, ?7, 'service_user', ?8, ?9, ?10, ?11, ?12)`,
  ).bind(
    crypto.randomUUID(), Date.now(), c.get("requestId"), caller.email, caller.user_id ?? caller.service_user_id, action,
    `${action === "create" ? "Created" : "Updated"} service user ${name}`.trim(), object, name, organization_id, project_id,
    after === null ? null : JSON.stringify(after),
  );
}

app.get("/v2.1/projects/:project", async (c) => {
  const refused = await authorise(c, "projects.get", CALLER_AND_USAGE);
  if (refused) return refused;
  const project = c.get("project");
  const period = presentPeriod(new Date(project.subscription_start_date), new Date());
  return c.json({
    id: project.project_id,
    name: project.project_name,
    creation_date: zulu(new Date(project.project_creation_date)),
    advanced_permissions: project.advanced_permissions === 1,
    organization_name: project.organization_name,
    credits: project.credits === null ? null : project.credits / 1_000_000,
    credits_used: (project.credits_used ?? 0) / 1_000_000,
    period_start: zulu(period.start),
    period_end: zulu(period.end),
    suspended: project.suspended_by !== null,
    suspended_reason: project.suspended_reason,
    cors_origins: json(project.cors_origins),
    labels: json(project.labels),
  });
});

app.post("/v2.1/projects/:project/service-users", async (c) => {
  const refused = await authorise(c, "service_users.create");
  if (refused) return refused;
  const body = await c.req.json<{ name?: string; description?: string; allowed_cors_origins?: string[]; expiry_date?: string | null }>();
  if (typeof body !== "object" || body === null) return c.json({ error: "the body must be a JSON object" }, 400);
  const { name = "", description = "" } = body;
  if (typeof name !== "string" || name.length > 256) return c.json({ error: "name: at most 256 characters are allowed" }, 400);
  if (typeof description !== "string" || description.length > 400)
    return c.json({ error: "description: at most 400 characters are allowed" }, 400);
  const origins = (body.allowed_cors_origins ?? []).map((origin) => new URL(origin).origin);
  const expiry = body.expiry_date ? Date.parse(body.expiry_date) : null;
  if (expiry !== null && !(expiry > Date.now())) return c.json({ error: "expiry_date: must lie in the future" }, 400);
  const project = c.get("project");
  const id = crypto.randomUUID();
  const email = `${id}.${project.project_name}@${c.env.SERVICE_USER_DOMAIN ?? "serviceuser.tenantry.invalid"}`;
  const now = Date.now();
  const token = await mint(c);
  const originList = JSON.stringify(origins);
  await batch(c, [
    audit(c, "create", id, name, { name, description, expiry_date: expiry, allowed_cors_origins: origins }),
    c.env.DB.prepare(
      `INSERT INTO service_users (id, organization_id, project_id, email, name, description, creation_date, expiry_date,
                                  allowed_cors_origins)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, CAST(?7 AS INTEGER), CAST(?8 AS INTEGER), ?9)`,
    ).bind(id, project.organization_id, project.project_id, email, name, description, now, expiry, originList),
    c.env.DB.prepare(
      "INSERT INTO tokens (id, digest, key_id, service_user_id, creation_date) VALUES (?1, ?2, ?3, ?4, CAST(?5 AS INTEGER))",
    ).bind(crypto.randomUUID(), await digest(c, token), await currentKeyId(c), id, now),
    c.env.DB.prepare(
      "INSERT INTO service_user_origins (project_id, origin, service_user_id) SELECT ?1, value, ?2 FROM json_each(?3)",
    ).bind(project.project_id, id, originList),
  ]);
  const date = (millis: number | null) => (millis === null ? null : new Date(millis).toISOString());
  return c.json(
    {
      id, email, token, name, description, creation_date: date(now), expiry_date: date(expiry), allowed_cors_origins: origins,
      token_last_used: null, previous_token_expiry: null,
    },
    201,
  );
});

app.put("/v2.1/projects/:project/service-users/:id/token", async (c) => {
  const refused = await authorise(c, "service_users.token.update");
  if (refused) return refused;
  const id = c.req.param("id");
  const { project_id } = c.get("project");
  const token = await mint(c);
  const lives = `EXISTS (SELECT 1 FROM service_users WHERE id = ?1 AND project_id = ?2
                         AND (expiry_date IS NULL OR expiry_date > CAST(?3 AS INTEGER)))`;
  const now = Date.now();
  const results = await batch(c, [
    c.env.DB.prepare(`DELETE FROM tokens WHERE service_user_id = ?1 AND ${lives}`).bind(id, project_id, now),
    c.env.DB.prepare(
      `INSERT INTO tokens (id, digest, key_id, service_user_id, creation_date)
       SELECT ?4, ?5, ?6, ?1, CAST(?3 AS INTEGER) WHERE ${lives} RETURNING id`,
    ).bind(id, project_id, now, crypto.randomUUID(), await digest(c, token), await currentKeyId(c)),
    audit(c, "update", id, id, null),
  ]);
  if (results[1]?.results.length === 0) return c.json({ error: `there is no service user '${id}' in this project` }, 404);
  return c.json({ token });
});

app.notFound((c) => c.json({ error: "there is nothing at this path" }, 404));

export default app;
