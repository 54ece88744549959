// Addresses of upstreams in the wasm module, where the runtime parses them: the same table as in src/domain/upstream_url_tests.rs,
// which shows that the native double and the runtime agree.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";

const PROJECT = "/v2.1/projects/urls";
const plain = { input_type: "plain", output_type: "plain" };

let tenantry;
let token;
before(async () => {
  // A setting of the environment, such as that for loopback, would change the table.
  const vars = { PUBLIC_HOSTS: "tenantry.acme.workers.dev", ALLOW_LOOPBACK_UPSTREAMS: null, UPSTREAM_PORTS: null, UPSTREAM_ALLOWED_HOSTS: null };
  tenantry = await startTenantry({ logFile: null, vars });
  ({ token } = await (await call(tenantry.operatorToken, "POST", "/operator/v1/users", { email: "urls@example.com" })).json());
  await call(token, "POST", "/v2.1/organizations", { name: "urls", subscription: "free" });
  await call(token, "POST", "/v2.1/projects", { name: "urls", organization_name: "urls" });
  await call(token, "POST", `${PROJECT}/deployments`, { name: "d", ...plain });
  await call(token, "POST", `${PROJECT}/deployments/d/versions`, { version: "v" });
});
after(() => tenantry?.stop());

const call = (caller, method, target, body) =>
  fetch(tenantry.url + target, {
    method,
    headers: { authorization: `Token ${caller}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("each address is kept as it is called, or refused", async () => {
  const golden = JSON.parse(await readFile(path.join(import.meta.dirname, "../golden/urls.json"), "utf8"));
  for (const [text, kept] of Object.entries(golden)) {
    const response = await call(token, "PUT", `${PROJECT}/deployments/d/versions/v/upstream`, { upstream_url: text });
    const answer = await response.json();
    if (kept === null) {
      assert.equal(response.status, 400, `${text}: ${JSON.stringify(answer)}`);
      assert.match(answer.error, /^upstream_url: /, text);
    } else {
      assert.equal(response.status, 200, `${text}: ${JSON.stringify(answer)}`);
      assert.equal(answer.upstream_url, kept, text);
    }
  }
});
