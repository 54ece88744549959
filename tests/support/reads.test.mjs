// Every call that reads is one that D1 takes: what native SQLite takes and D1 does not would be a 500 here.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { startTenantry } from "./serve.mjs";

const DOCUMENT = JSON.parse(await readFile(new URL("../../public/openapi.json", import.meta.url), "utf8"));
let tenantry;
const names = { organization_name: "acme", project_name: "vision", deployment_name: "double", version: "v1" };

before(async () => {
  tenantry = await startTenantry();
  await made("POST", "/operator/v1/users", { email: "ada@example.com" });
  await made("POST", "/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
  await made("POST", "/v2.1/projects", { name: "vision", organization_name: "acme" });
  const fields = { input_type: "plain", output_type: "plain" };
  await made("POST", "/v2.1/projects/vision/deployments", { name: "double", ...fields });
  await made("POST", "/v2.1/projects/vision/deployments/double/versions", { version: "v1" });
});
after(async () => {
  await tenantry?.stop();
});

function send(method, path, body) {
  return fetch(tenantry.url + path, {
    method,
    headers: { Authorization: `Token ${tenantry.operatorToken}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
    redirect: "manual",
  });
}

async function made(method, path, body) {
  const response = await send(method, path, body);
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`);
}

test("no call that reads is a failure of ours", async () => {
  let tried = 0;
  for (const [path, item] of Object.entries(DOCUMENT.paths)) {
    if (!item.get) continue;
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
      const parameter = item.get.parameters.find((known) => known.in === "path" && known.name === name);
      return encodeURIComponent(names[name] ?? parameter.example);
    });
    // A call with all that its query may say, too: each may choose a statement of its own.
    const query = new URLSearchParams();
    for (const { in: place, name, example } of item.get.parameters) if (place === "query") query.set(name, String(example));
    for (const target of [filled, `${filled}?${query}`]) {
      const response = await send("GET", target);
      const text = await response.text();
      // Without a server behind it a service passes nothing on.
      assert.ok(response.status < 500 || path.startsWith("/services/"), `GET ${target}: ${response.status} ${text}`);
      tried++;
    }
  }
  assert.ok(tried > 150, `${tried}`);
});
