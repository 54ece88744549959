// People sign in, in workerd with D1: what a browser sends is sent by hand here. tests/browser/console-*.test.mjs has real pages.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";

let tenantry;
let person;
let project;

before(async () => {
  tenantry = await startTenantry({ vars: { SERVER_TIMING: "true" } });
  person = await asOperator("POST", "/operator/v1/users", { email: "ada@example.com", name: "Ada" });
  const organization = { name: "acme", subscription: "free", admin_email: "ada@example.com" };
  await asOperator("POST", "/v2.1/organizations", organization);
  project = await asOperator("POST", "/v2.1/projects", { name: "vision", organization_name: "acme" });
});
after(async () => {
  await tenantry?.stop();
});

/**
 * A call with these headers and no others, which fetch would not send so.
 *
 * @param {string} method
 * @param {string} path
 * @param {{headers?: Record<string, string>, body?: object}} [options]
 */
async function call(method, path, { headers = {}, body } = {}) {
  const sent = request(tenantry.url + path, {
    method,
    headers: { ...(body && { "content-type": "application/json" }), ...headers },
  });
  sent.end(body && JSON.stringify(body));
  const response = await new Promise((resolve, reject) => sent.once("response", resolve).once("error", reject));
  const text = (await response.toArray()).join("");
  const isJson = response.headers["content-type"]?.startsWith("application/json");
  return { status: response.statusCode, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

async function asOperator(method, path, body) {
  const answer = await call(method, path, { headers: { authorization: `Token ${tenantry.operatorToken}` }, body });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** What a browser adds to a call of a page of this host. */
const ofOwnPage = (cookie) => ({
  "sec-fetch-site": "same-origin",
  origin: tenantry.url,
  ...(cookie && { cookie }),
});

async function link() {
  const made = await asOperator("POST", `/operator/v1/users/${person.id}/sign-in-link`, { hours: 1 });
  assert.ok(made.link.startsWith(`${tenantry.url}/console/sign-in#link=`), made.link);
  return made.link.split("#link=")[1];
}

const signIn = (body) => call("POST", "/session", { headers: ofOwnPage(), body });
const cookieOf = ({ headers }) => headers["set-cookie"][0].split(";")[0];

test("a link opens one session, however many redeem it at once", async () => {
  const secret = await link();
  const answers = await Promise.all(Array.from({ length: 20 }, () => signIn({ link: secret })));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [201, ...Array(19).fill(401)]);
  const opened = answers.find(({ status }) => status === 201);
  assert.match(
    opened.headers["set-cookie"][0],
    /^__Host-Http-tenantry=[0-9a-f]{40}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  const shown = await call("GET", "/session", { headers: ofOwnPage(cookieOf(opened)) });
  assert.deepEqual(shown.body, opened.body);
  assert.deepEqual(shown.body.organizations, [{ name: "acme", administers: true }]);
});

test("a session costs what a token costs, and neither more rows nor round trips", async () => {
  const session = cookieOf(await signIn({ token: person.token }));
  // The first use of each is noted after the answer.
  const costs = async (headers) => {
    for (const path of ["/v2.1/user", "/v2.1/projects/vision"]) await call("GET", path, { headers });
    const answer = await call("GET", "/v2.1/projects/vision", { headers });
    assert.equal(answer.body.id, project.id);
    return answer.headers["server-timing"].replaceAll(/dur=[\d.]+/g, "");
  };
  // No page of this host sends Origin with what it reads.
  const bySession = await costs({ "sec-fetch-site": "same-origin", cookie: session });
  assert.equal(bySession, await costs({ authorization: `Token ${person.token}` }));
});

test("what no browser vouches for has no session", async () => {
  const session = cookieOf(await signIn({ token: person.token }));
  const read = (headers) => call("GET", "/v2.1/user", { headers: { cookie: session, ...headers } });
  assert.equal((await read({ "sec-fetch-site": "same-origin" })).status, 200);
  for (const site of ["cross-site", "same-site", "none", undefined]) {
    const answer = await read(site ? { "sec-fetch-site": site } : {});
    assert.equal(answer.status, 401, site);
    assert.match(answer.body.error, /Sec-Fetch-Site/);
  }
  const write = (origin) => {
    const headers = { cookie: session, "sec-fetch-site": "same-origin", origin };
    return call("POST", "/v2.1/projects", { headers, body: { name: "more", organization_name: "acme" } });
  };
  assert.equal((await write("https://evil.example")).status, 401);
  assert.equal((await write("null")).status, 401);
  assert.equal((await write(tenantry.url)).status, 201);
});

test("whoever is thrown out is out at the next call", async () => {
  for (let round = 0; round < 50; round++) {
    const session = ofOwnPage(cookieOf(await signIn({ token: person.token })));
    assert.equal((await call("GET", "/v2.1/user", { headers: session })).status, 200);
    const ended =
      round % 2
        ? await call("DELETE", "/session", { headers: session })
        : await call("DELETE", `/operator/v1/users/${person.id}/sessions`, {
            headers: { authorization: `Token ${tenantry.operatorToken}` },
          });
    assert.equal(ended.status, 204);
    assert.equal((await call("GET", "/v2.1/user", { headers: session })).status, 401);
  }
});

test("the console's page is served whole, its files for ever, and what is not there is no page", async () => {
  const page = await call("GET", "/console/o/acme/members");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-security-policy"], /require-trusted-types-for 'script'/);
  const [, script] = /src="(\/console\/assets\/[^"]+\.js)"/.exec(page.body);
  const file = await call("GET", script);
  assert.equal(file.status, 200);
  assert.equal(file.headers["content-type"], "text/javascript; charset=utf-8");
  assert.equal(file.headers["cache-control"], "public, max-age=31536000, immutable");
  const gone = await call("GET", "/console/assets/main-0000.js");
  assert.equal(gone.status, 404);
  assert.match(gone.body.error, /another build/);
  const root = await call("GET", "/");
  assert.equal(root.status, 302);
  assert.equal(root.headers.location, "/console");
});
