// E-mail addresses in the wasm module, where the runtime normalises them: the same table as in src/domain/email.rs, which shows that
// the native double and the runtime agree.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";

let tenantry;
before(async () => {
  tenantry = await startTenantry({ logFile: null });
});
after(() => tenantry?.stop());

const call = (method, target, body) =>
  fetch(tenantry.url + target, {
    method,
    headers: { authorization: `Token ${tenantry.operatorToken}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });

test("each address takes the form in which it is compared, or is refused", async () => {
  const golden = JSON.parse(await readFile(path.join(import.meta.dirname, "../golden/emails.json"), "utf8"));
  for (const [address, normal] of Object.entries(golden)) {
    const made = await call("POST", "/operator/v1/users", { email: address });
    const answer = await made.json();
    if (normal === null) {
      assert.equal(made.status, 400, `${address}: ${JSON.stringify(answer)}`);
      assert.match(answer.error, /^email: /, address);
    } else {
      // The first of several spellings makes the account, and the others find it taken.
      assert.ok(made.status === 201 || /exists already/.test(answer.error), `${address}: ${JSON.stringify(answer)}`);
      const found = await call("GET", `/operator/v1/users?email=${encodeURIComponent(address)}`);
      assert.deepEqual((await found.json()).map((person) => person.email), [normal], address);
    }
  }
});
