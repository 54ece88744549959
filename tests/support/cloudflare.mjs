// Cloudflare's API as far as `make deploy` speaks with it, by what wrangler asks: an account with D1 databases, which are SQLite in memory,
// KV namespaces, queues and one Worker. It shows in which order what is asked for; that Cloudflare answers so is not shown by it.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";

/**
 * @param {{secrets?: string[]}} [account] the names of the secrets that the Worker has already
 * @returns {Promise<object>} its address, what was asked (`calls`), and what there is now
 */
export async function startCloudflare({ secrets = [] } = {}) {
  const databases = new Map();
  const namespaces = [];
  const queues = [];
  /** What the Worker was uploaded with, each time. */
  const versions = [];
  const calls = [];
  const paged = (result) => ({ result, result_info: { page: 1, per_page: 100, count: result.length, total_count: result.length, total_pages: 1 } });
  const missing = (code, message) => ({ status: 404, success: false, errors: [{ code, message }], result: null });
  const named = (key) => [...databases.values()].find(({ uuid, name }) => uuid === key || name === key);

  const script = { id: "tenantry", tag: "tag", last_deployed_from: "wrangler" };

  /** @type {[string, string, (call: any) => any][]} */
  const table = [
    ["GET", "/user/tokens/verify", () => ({ result: { id: "token", status: "active" } })],
    ["GET", "/user", () => ({ result: { email: "ada@example.com" } })],
    ["GET", "/accounts", () => paged([{ id: "account", name: "account" }])],
    ["GET", "/memberships", () => paged([])],
    ["GET", "/accounts/account", () => ({ result: { id: "account", name: "account" } })],
    ["GET", "/accounts/account/workers/subdomain", () => ({ result: { subdomain: "acme" } })],

    ["GET", "/accounts/account/d1/database", () => paged([...databases.values()].map(({ uuid, name }) => ({ uuid, name })))],
    ["POST", "/accounts/account/d1/database", ({ json }) => {
      const database = { uuid: randomUUID(), name: json.name, sqlite: new DatabaseSync(":memory:") };
      databases.set(database.uuid, database);
      return { result: { uuid: database.uuid, name: database.name } };
    }],
    ["GET", "/accounts/account/d1/database/([^/]+)", ({ parts: [key] }) => {
      const found = named(key);
      return found ? { result: { uuid: found.uuid, name: found.name } } : missing(7404, "database not found");
    }],
    ["POST", "/accounts/account/d1/database/([^/]+)/query", ({ parts: [key], json }) => {
      const { sqlite } = named(key);
      // A migration is many statements; what is looked at is one.
      const isReading = /^\s*(SELECT|PRAGMA)/i.test(json.sql);
      const results = isReading ? sqlite.prepare(json.sql).all() : (sqlite.exec(json.sql), []);
      return { result: [{ success: true, results, meta: {} }] };
    }],

    ["GET", "/accounts/account/storage/kv/namespaces", () => paged(namespaces)],
    ["POST", "/accounts/account/storage/kv/namespaces", ({ json }) => {
      namespaces.push({ id: randomUUID().replaceAll("-", ""), title: json.title });
      return { result: namespaces.at(-1) };
    }],

    ["GET", "/accounts/account/queues", ({ query }) =>
      paged(queues.filter(({ queue_name }) => !query.has("name") || query.getAll("name").includes(queue_name)))],
    ["POST", "/accounts/account/queues", ({ json }) => {
      queues.push({ queue_id: randomUUID(), queue_name: json.queue_name, consumers: [] });
      return { result: queues.at(-1) };
    }],
    ["GET", "/accounts/account/queues/([^/]+)/consumers", ({ parts: [key] }) => paged(queues.find(({ queue_id }) => queue_id === key).consumers)],
    ["(?:POST|PUT)", "/accounts/account/queues/([^/]+)/consumers(?:/[^/]+)?", ({ parts: [key], json }) => {
      const queue = queues.find(({ queue_id }) => queue_id === key);
      queue.consumers = [{ consumer_id: "consumer", ...json, script: json.script_name }];
      return { result: queue.consumers[0] };
    }],

    ["GET", "/accounts/account/workers/scripts/tenantry/secrets", () =>
      versions.length > 0 || secrets.length > 0 ? { result: secrets.map((name) => ({ name, type: "secret_text" })) } : missing(10007, "no such Worker")],
    ["GET", "/accounts/account/workers/scripts/tenantry/settings", () =>
      versions.length > 0 ? { result: { bindings: versions.at(-1).bindings } } : missing(10007, "no such Worker")],
    ["GET", "/accounts/account/workers/services/tenantry", () =>
      versions.length > 0 ? { result: { id: "tenantry", default_environment: { environment: "production", script } } } : missing(10090, "no such Worker")],
    ["GET", "/accounts/account/workers/services/tenantry/environments/production", () => ({ result: { environment: "production", script } })],
    ["GET", "/accounts/account/workers/scripts/tenantry/deployments", () => ({ result: { deployments: [] } })],
    ["POST", "/accounts/account/workers/scripts/tenantry/assets-upload-session", () => ({ result: { jwt: "uploaded", buckets: [] } })],
    ["GET", "/accounts/account/workers/workers/tenantry", () => ({ result: { id: "tenantry", name: "tenantry", subdomain: { enabled: true, previews_enabled: false } } })],
    ["(?:PUT|PATCH)", "/accounts/account/workers/workers/tenantry", ({ json }) => ({ result: { id: "tenantry", name: "tenantry", ...json } })],
    ["PATCH", "/accounts/account/workers/scripts/tenantry/script-settings", ({ json }) => ({ result: json })],
    ["POST", "/accounts/account/workers/scripts/tenantry/deployments", () => ({ result: { id: "deployment" } })],
    ["(?:PUT|POST)", "/accounts/account/workers/scripts/tenantry(?:/versions)?", ({ form }) => {
      const metadata = JSON.parse(form.get("metadata"));
      // What is inherited is what there was.
      const before = versions.at(-1)?.bindings ?? [];
      metadata.bindings = metadata.bindings.map((one) => (one.type === "inherit" ? before.find(({ name }) => name === one.name) : one));
      versions.push({ ...metadata, files: [...form.values()].filter((value) => value instanceof File).map(({ name }) => name) });
      return { result: { id: randomUUID(), tag: "tag", startup_time_ms: 1, available_on_subdomain: true, resources: { script: { etag: "etag" } } } };
    }],
    ["(?:GET|POST)", "/accounts/account/workers/scripts/tenantry/subdomain", () => ({ result: { enabled: true, previews_enabled: false } })],
    ["PUT", "/accounts/account/workers/scripts/tenantry/schedules", ({ json }) => ({ result: { schedules: json } })],
  ];
  const routes = table.map(([method, path, answer]) => ({ pattern: new RegExp(`^${method} ${path}$`), answer }));

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url, "http://api");
    const line = `${request.method} ${url.pathname}`;
    calls.push(line);
    const type = request.headers["content-type"] ?? "";
    const json = /^[{[]/.test(body.toString()) ? JSON.parse(body.toString()) : undefined;
    const form = type.startsWith("multipart/") ? await new Response(body, { headers: { "content-type": type } }).formData() : undefined;
    const route = routes.find(({ pattern }) => pattern.test(line));
    const parts = route ? line.match(route.pattern).slice(1).map(decodeURIComponent) : [];
    let answer;
    try {
      answer = route ? await route.answer({ parts, json, form, query: url.searchParams }) : missing(0, `not known here: ${line}`);
    } catch (error) {
      answer = { status: 400, success: false, errors: [{ code: 0, message: error.message }], result: null };
    }
    const { status = 200, ...rest } = answer;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ success: true, errors: [], messages: [], ...rest }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    calls,
    databases,
    namespaces,
    queues,
    secrets,
    versions,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
