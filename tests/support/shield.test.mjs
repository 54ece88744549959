// The rate-limit binding SHIELD, as the runtime has it: what reads the database without a token is counted, and nothing else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";

let tenantry;
before(async () => {
  const SHIELD = { type: "rate-limit", namespace: "1001", simple: { limit: 2, period: 60 } };
  tenantry = await startTenantry({ logFile: null, bindings: { SHIELD } });
});
after(() => tenantry?.stop());

async function call(headers) {
  const response = await fetch(`${tenantry.url}/v2.1/projects/p/deployments/d/requests`, { method: "POST", headers });
  await response.text();
  return response;
}

test("an address that looks too often without a token is told to wait, and what costs no look is not", async () => {
  const answers = [];
  // Two a minute, and a minute may end in between.
  for (let number = 0; number < 5; number++) answers.push(await call({ origin: "https://app.acme.com" }));
  assert.equal(answers[0].status, 401);
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0, `${answers.map(({ status }) => status)}`);
  assert.equal(refused[0].headers.get("retry-after"), "60");
  assert.equal((await call({})).status, 401);
});
