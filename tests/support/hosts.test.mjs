// Hosts of origins in the wasm module, where the runtime parses them: the same table as in src/domain/host.rs, which shows that the
// native double and the runtime agree.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";

let tenantry;
let token;
before(async () => {
  tenantry = await startTenantry({ logFile: null });
  ({ token } = await (await call(tenantry.operatorToken, "POST", "/operator/v1/users", { email: "hosts@example.com" })).json());
  await call(token, "POST", "/v2.1/organizations", { name: "hosts", subscription: "free" });
  await call(token, "POST", "/v2.1/projects", { name: "hosts", organization_name: "hosts" });
});
after(() => tenantry?.stop());

const call = (caller, method, target, body) =>
  fetch(tenantry.url + target, {
    method,
    headers: { authorization: `Token ${caller}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("each host takes the form that browsers send, or is refused", async () => {
  const golden = JSON.parse(await readFile(path.join(import.meta.dirname, "../golden/hosts.json"), "utf8"));
  for (const [host, normal] of Object.entries(golden)) {
    const response = await call(token, "PATCH", "/v2.1/projects/hosts", { cors_origins: [`https://${host}`] });
    const answer = await response.json();
    if (normal === null) {
      assert.equal(response.status, 400, `${host}: ${JSON.stringify(answer)}`);
      assert.match(answer.error, /^cors_origins\[0\]: .*host/, host);
    } else {
      assert.deepEqual(answer.cors_origins, [`https://${normal}`], host);
    }
  }
});
