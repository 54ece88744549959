// The runtime is killed while everything is being changed at once, again and again, and started anew on what it left behind: each change
// that was answered is there, each that was broken off is there as a whole or not at all, and each is in the trail exactly if it is there.
//
//   KILLS   how often (10); the fifty of docs/proof.md are KILLS=50

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.mjs";
import { DEPLOYMENT, PROJECT, operator, served } from "./served.mjs";
import { startTenantry } from "./serve.mjs";
import { workerdPid } from "./workerd.mjs";

const KILLS = Number(process.env.KILLS ?? 10);
/** So many requests go to the gate at once, beside what changes. */
const CALLERS = 3;
const BATCH = 5;
const RESOURCE = "exemlProject.gpu_duration";

const hex = (bytes) => randomBytes(bytes).toString("hex");
const vars = { ALLOW_LOOPBACK_UPSTREAMS: "true", OPERATOR_TOKEN: hex(20), TOKEN_KEY: hex(32), SIGNING_KEY: hex(32) };
let stateDir;
let upstream;
let tenantry;
/** Of a service user who may make requests. */
let token;
let workspaces;
/** Whether the runtime is being killed. */
let isGone = false;
const counts = { answered: 0, broken: 0, done: 0, undone: 0, requests: 0, refused: 0 };

before(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), "tenantry-change-kills-"));
  upstream = await listen((request, response) => {
    request.on("error", () => {});
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ y: 1 }));
    });
  });
  tenantry = await startTenantry({ stateDir, vars });
  token = await served(tenantry, { v1: { upstream: { upstream_url: `${upstream.url}/x` } } });
  await rows("UPDATE projects SET advanced_permissions = 1");
  const call = operator(tenantry);
  const { id } = await call("GET", PROJECT);
  workspaces = `/v1/${id}/workspaces`;
  await call("POST", `${PROJECT}/pipelines`, {
    name: "p",
    input_type: "structured",
    output_type: "structured",
    input_fields: [{ name: "x", data_type: "int" }],
    output_fields: [{ name: "y", data_type: "int" }],
  });
});
after(async () => {
  await tenantry?.stop();
  upstream?.stop();
  if (stateDir) await rm(stateDir, { recursive: true, force: true });
});

const rows = async (sql) => (await tenantry.database.prepare(sql).all()).results;
const count = async (sql) => Object.values((await rows(sql))[0])[0];

/** A call as the operator, or with another token: its status, its id and its JSON. */
async function call(method, target, body, as = vars.OPERATOR_TOKEN, further = {}) {
  const headers = { authorization: `Token ${as}`, "content-type": "application/json", ...further };
  const response = await fetch(tenantry.url + target, { method, headers, body: body === undefined ? body : JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, id: response.headers.get("x-request-id"), body: text ? JSON.parse(text) : null };
}

// What is made, changed and deleted, in many rows wherever there are any: of number `n` each part says `n`, so what is half changed shows
// two numbers. `named` is what it is called in paths, `shows` all numbers in what is read of it.
const numbers = (value) => [...new Set(JSON.stringify(value).match(/mark-?\d+/g) ?? [])].map((mark) => Number(mark.match(/\d+/)[0]));
const SOME = ["projects.get", "deployments.list", "deployments.get", "pipelines.list", "pipelines.get", "roles.list", "roles.get"];
const kinds = {
  "service user": {
    at: `${PROJECT}/service-users`,
    body: (n) => ({ name: `mark${n}`, description: `mark${n}`, allowed_cors_origins: [`https://mark${n}.example`, `https://b.mark${n}.example`] }),
    named: ({ id }) => id,
    shows: ({ name, description, allowed_cors_origins }) => numbers([name, description, allowed_cors_origins]),
  },
  role: {
    at: `${PROJECT}/roles`,
    body: (n) => ({ name: `mark${n}`, permissions: [0, 1, 2].map((place) => SOME[(n + place) % SOME.length]) }),
    named: ({ name }) => name,
    shows: ({ name, permissions }) => {
      const [n] = numbers(name);
      assert.deepEqual(permissions.toSorted(), kinds.role.body(n).permissions.toSorted(), `a role with half of its permissions: ${name}`);
      return [n];
    },
  },
  deployment: {
    at: `${PROJECT}/deployments`,
    body: (n) => ({ name: `mark${n}`, description: `mark${n}`, labels: { mark: `mark${n}` }, input_type: "plain", output_type: "plain" }),
    changed: (n) => ({ name: `mark${n}`, description: `mark${n}`, labels: { mark: `mark${n}` } }),
    named: ({ name }) => name,
    shows: ({ name, description, labels }) => numbers([name, description, labels]),
  },
  "pipeline's version": {
    at: `${PROJECT}/pipelines/p/versions`,
    body: (n) => ({
      version: `mark${n}`,
      description: `mark${n}`,
      labels: { mark: `mark${n}` },
      objects: [{ name: `mark${n}`, reference_type: "deployment", reference_name: "d", version: "v1" }],
      attachments: [link("pipeline_start", "x", `mark${n}`, "x"), link(`mark${n}`, "y", "pipeline_end", "y")],
    }),
    named: ({ version }) => version,
    shows: ({ version, description, labels, objects, attachments }) => {
      assert.deepEqual([objects.length, attachments.length], [1, 2], `half of a pipeline's version: ${version}`);
      return numbers([version, description, labels, objects, attachments]);
    },
  },
  variable: {
    at: `${PROJECT}/environment-variables`,
    body: (n) => ({ name: `mark${n}`, value: `mark${n}` }),
    named: ({ id }) => id,
    shows: ({ name, value }) => numbers([name, value]),
  },
  webhook: {
    at: `${PROJECT}/webhooks`,
    body: (n) => ({
      name: `mark${n}`,
      object_type: "deployment",
      object_name: "d",
      event: "deployment_request_failed",
      url: `https://mark${n}.acme.com/`,
      headers: [{ key: "x-mark", value: `mark${n}` }],
    }),
    changed: (n) => ({ name: `mark${n}`, url: `https://mark${n}.acme.com/`, headers: [{ key: "x-mark", value: `mark${n}` }] }),
    named: ({ name }) => name,
    shows: ({ name, url, headers }) => numbers([name, url, headers]),
  },
  schedule: {
    at: `${PROJECT}/schedules`,
    body: (n) => ({ name: `mark${n}`, object_type: "deployment", object_name: "d", schedule: "0 6 1 1 *", request_data: { x: n }, labels: { mark: `mark${n}` } }),
    changed: (n) => ({ name: `mark${n}`, request_data: { x: n }, labels: { mark: `mark${n}` } }),
    named: ({ name }) => name,
    shows: ({ name, request_data, labels }) => numbers([name, `mark${request_data.x}`, labels]),
  },
  workspace: {
    at: () => workspaces,
    change: "PUT",
    body: (n) => ({ name: `mark${n}`, description: `mark${n}`, auth_type: "INTERNAL", grants: [{ user_name: `mark${n}@example.com` }] }),
    named: ({ id }) => id,
    shows: ({ name, description, grants }) => numbers([name, description, grants]),
  },
};
function link(from, source, to, destination) {
  return {
    destination_name: to,
    sources: [{ source_name: from, mapping: [{ source_field_name: source, destination_field_name: destination }] }],
  };
}

/** Calls until the runtime is gone; answers whether it was answered. */
async function changes(change) {
  try {
    const answer = await change();
    assert.ok(answer.status < 300, `${answer.status} ${JSON.stringify(answer.body)}`);
    counts.answered++;
    return answer;
  } catch (error) {
    // A refusal or a wrong answer of a runtime that lives is a fault.
    if (!isGone || error instanceof assert.AssertionError) throw error;
    counts.broken++;
    return null;
  }
}

/** Makes, changes and deletes one thing of a kind after the other, and knows what there has to be. */
class Writer {
  /** How many rows of the trail its changes have to have made. */
  trail = 0;
  n = 0;
  /** What there is by its answers: its name in paths, and its number. */
  there = null;
  /** What was broken off: the number that it would have, null for none. */
  open = undefined;

  constructor(kind) {
    this.kind = { changed: kind.body, change: "PATCH", ...kind };
  }

  get at() {
    return typeof this.kind.at === "function" ? this.kind.at() : this.kind.at;
  }

  async run() {
    while (!isGone) {
      const n = this.n++;
      const { there, kind } = this;
      const isLast = there !== null && n % 4 === 3;
      const [method, target, body] = isLast
        ? ["DELETE", `${this.at}/${there.name}`]
        : there
          ? [kind.change, `${this.at}/${there.name}`, kind.changed(n)]
          : ["POST", this.at, kind.body(n)];
      this.open = isLast ? null : n;
      const answer = await changes(() => call(method, target, body));
      if (!answer) return;
      this.open = undefined;
      this.trail++;
      this.there = isLast ? null : { n, name: there && !kind.named(answer.body) ? there.name : (kind.named(answer.body) ?? there.name) };
    }
  }

  /** What there is now: what was answered, or that and what was broken off. */
  async isWhole(what) {
    const found = await this.all();
    assert.ok(found.length <= 1, `${what}: ${JSON.stringify(found)}`);
    const shown = found.map((thing) => this.kind.shows(thing));
    for (const one of shown) assert.equal(one.length, 1, `${what} is half changed: ${JSON.stringify(found)}`);
    const n = shown[0]?.[0] ?? null;
    const before = this.there?.n ?? null;
    if (this.open !== undefined && n === this.open && n !== before) {
      counts.done++;
      this.trail++;
    } else {
      assert.equal(n, before, `${what}: ${before} was answered${this.open === undefined ? "" : `, ${this.open} broken off`}`);
      if (this.open !== undefined) counts.undone++;
    }
    this.there = n === null ? null : { n, name: this.kind.named(found[0]) };
    this.open = undefined;
  }

  /** All that there are of its own, each as it is read by itself. */
  async all() {
    const { body } = await call("GET", this.at);
    const list = Array.isArray(body) ? body : body.workspaces;
    const own = list.filter((thing) => numbers([thing.name ?? thing.version]).length > 0);
    return Promise.all(own.map(async (thing) => (await call("GET", `${this.at}/${this.kind.named(thing)}`)).body));
  }
}

/** Resets a service user's token again and again. */
const resets = {
  trail: 0,
  open: false,
  async begin() {
    Object.assign(this, await operator(tenantry)("POST", `${PROJECT}/service-users`, { name: "reset" }));
  },
  async run() {
    while (!isGone) {
      this.open = true;
      const answer = await changes(() => call("PUT", `${PROJECT}/service-users/${this.id}/token`));
      if (!answer) return;
      this.open = false;
      this.trail++;
      this.before = this.token;
      this.token = answer.body.token;
    }
  },
  async isWhole() {
    const opens = async (token) => (await call("GET", `${PROJECT}/permissions/mine`, undefined, token)).status;
    const status = await opens(this.token);
    assert.ok(status === 200 || (this.open && status === 401), `the token that was answered: ${status}`);
    if (this.before) assert.equal(await opens(this.before), 401, "the token before it");
    if (this.open) counts[status === 200 ? "undone" : "done"]++;
    if (status === 401) {
      this.trail++;
      const { body } = await call("PUT", `${PROJECT}/service-users/${this.id}/token`);
      this.trail++;
      this.token = body.token;
    }
    this.open = false;
    assert.equal(await count(`SELECT count(*) FROM tokens WHERE service_user_id = '${this.id}'`), 1);
  },
};

/** Consumes one of a quota again and again; what was broken off is sent again. */
const consumptions = {
  n: 0,
  open: null,
  async begin() {
    const { id } = await operator(tenantry)("POST", workspaces, { name: "quota" });
    this.at = `${workspaces}/${id}/quotas`;
    await operator(tenantry)("PUT", this.at, { quotas: [{ resource: RESOURCE, quota: 60_000 }] });
  },
  consume(id) {
    return call("POST", `${this.at}/consumption`, { id, resource: RESOURCE, amount: 1 });
  },
  async run() {
    while (!isGone) {
      this.open = `run-${this.n++}`;
      if (!(await changes(() => this.consume(this.open)))) return;
      this.open = null;
    }
  },
  async isWhole() {
    if (this.open) {
      const before = await this.used();
      assert.equal((await this.consume(this.open)).status, 200);
      counts[(await this.used()) === before ? "done" : "undone"]++;
    }
    this.open = null;
    assert.equal(await this.used(), this.n, "each is counted once");
  },
  async used() {
    const { body } = await call("GET", this.at);
    return body.quotas.find(({ resource }) => resource === RESOURCE).used_quota;
  },
};

/** Sends batches, each of which is there whole or not at all. */
const batches = {
  n: 0,
  answered: new Map(),
  open: null,
  async run() {
    while (!isGone) {
      const x = 1_000 + this.n++;
      this.open = x;
      const answer = await changes(() => call("POST", `${DEPLOYMENT}/requests/batch`, Array(BATCH).fill({ x }), token));
      if (!answer) return;
      this.answered.set(x, answer.body.map(({ id }) => id));
      this.open = null;
      await sleep(200);
    }
  },
  async isWhole() {
    const found = await rows("SELECT r.id, p.body FROM requests r JOIN request_payloads p ON p.request_id = r.id AND p.part = 'input' WHERE r.kind = 'batch'");
    const ids = Map.groupBy(found, ({ body }) => JSON.parse(body).x);
    for (const [x, of] of this.answered) assert.deepEqual(ids.get(x)?.map(({ id }) => id).toSorted(), of.toSorted(), `the batch ${x}`);
    const open = ids.get(this.open)?.length ?? 0;
    assert.ok([0, BATCH].includes(open), `${open} of a batch`);
    if (this.open !== null) {
      counts[open ? "done" : "undone"]++;
      if (open) this.answered.set(this.open, ids.get(this.open).map(({ id }) => id));
    }
    this.open = null;
    assert.equal(ids.size, this.answered.size);
  },
};

/** Makes one request after the other; what was broken off is sent again under its key. */
class Caller {
  answered = new Map();
  open = null;

  request(key) {
    return call("POST", `${DEPLOYMENT}/requests`, { x: 1 }, token, { "idempotency-key": key });
  }

  async run() {
    while (!isGone) {
      this.open = hex(8);
      const answer = await changes(() => this.request(this.open));
      if (!answer) return;
      this.answered.set(answer.body.id, answer.body.status);
      this.open = null;
    }
  }

  async isWhole() {
    if (this.open) {
      const { status, body } = await this.request(this.open);
      assert.ok([200, 409].includes(status), JSON.stringify(body));
      if (status === 200) this.answered.set(body.id, body.status);
      counts[status === 200 ? "requests" : "refused"]++;
    }
    this.open = null;
    const known = new Map((await rows("SELECT id, status FROM requests WHERE kind = 'direct'")).map(({ id, status }) => [id, status]));
    for (const [id, status] of this.answered) assert.equal(known.get(id), status, `the request ${id} was answered`);
  }
}

test(`each change is there whole or not at all after ${KILLS} kills`, { timeout: 60_000 + KILLS * 20_000 }, async (context) => {
  if ((await workerdPid()) === null) return context.skip("there is no /proc here to find the runtime in");
  const writers = Object.entries(kinds).map(([name, kind]) => /** @type {[string, Writer]} */ ([name, new Writer(kind)]));
  const callers = Array.from({ length: CALLERS }, () => new Caller());
  await resets.begin();
  await consumptions.begin();
  const all = [...writers.map(([, writer]) => writer), resets, consumptions, batches, ...callers];
  const trail = await count("SELECT count(*) FROM audit");
  for (let kill = 0; kill < KILLS; kill++) {
    isGone = false;
    const pid = await workerdPid();
    const before = counts.answered;
    const running = Promise.all(all.map((one) => one.run()));
    running.catch(() => {});
    // Once all of it runs, in the middle of anything.
    while (counts.answered < before + 2 * all.length) await Promise.race([sleep(5), running]);
    await sleep(Math.random() * 100);
    isGone = true;
    process.kill(pid, "SIGKILL");
    await running;
    await tenantry.stop();
    tenantry = await startTenantry({ stateDir, vars });

    assert.deepEqual(await rows("PRAGMA foreign_key_check"), []);
    assert.equal(await count("PRAGMA quick_check"), "ok");
    for (const [name, writer] of writers) await writer.isWhole(`the ${name} after kill ${kill + 1}`);
    for (const one of [resets, consumptions, batches, ...callers]) await one.isWhole();
    const made = [...writers.map(([, writer]) => writer), resets].reduce((sum, one) => sum + one.trail, 0);
    assert.equal((await count("SELECT count(*) FROM audit")) - trail, made, "rows of the trail, one for each change that is there");
  }
  context.diagnostic(
    `${counts.answered} changes and requests answered, ${counts.broken} broken off: ${counts.done} were done, ${counts.undone} were not, ` +
      `${counts.requests} requests ran or had run when they were sent again, ${counts.refused} were under way`,
  );
  assert.ok(counts.broken >= KILLS, "nothing was broken off");
});
