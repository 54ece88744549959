// Callers who hang up in the middle of a call: what was begun is done to its end, and stands in the log.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTenantry } from "./serve.mjs";
import { until } from "./until.mjs";

const CALLS = 120;
let tenantry;
before(async () => {
  tenantry = await startTenantry();
});
after(() => tenantry?.stop());

async function made(path, body) {
  const headers = { Authorization: `Token ${tenantry.operatorToken}`, "Content-Type": "application/json" };
  const response = await fetch(tenantry.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(response.status, 201, await response.clone().text());
  return response.json();
}

/** Sends a call and resets the connection after so many milliseconds, which the runtime notices at once. */
async function hangUp(path, body, milliseconds) {
  const { hostname, port } = new URL(tenantry.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.on("error", () => {});
  const text = JSON.stringify(body);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Token ${tenantry.operatorToken}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  await sleep(milliseconds);
  socket.resetAndDestroy();
}

test("a change that was made for a caller who has gone stands in the log like any other", { timeout: 180_000 }, async () => {
  await made("/operator/v1/users", { email: "ada@example.com" });
  await made("/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
  await made("/v2.1/projects", { name: "vision", organization_name: "acme" });
  const path = "/v2.1/projects/vision/service-users";
  const select = "SELECT request_id FROM audit WHERE object_type = 'service_user'";
  const changes = async () => (await tenantry.database.prepare(select).all()).results;
  // Where the runtime is slow every caller may be gone before their call was begun.
  for (let round = 0; round < 10 && (await changes()).length === 0; round++) {
    for (let call = 0; call < CALLS; call++) await hangUp(path, { name: `gone-${round}-${call}` }, (call % 12) / 2);
    // What was begun last may still be under way.
    await sleep(500);
  }
  assert.ok((await changes()).length > 0, "every caller was gone before the call was begun");
  await until("each change to be in the log", async () => {
    const log = await readFile(tenantry.logFile, "utf8");
    return (await changes()).every(({ request_id }) => log.includes(request_id));
  });
});
