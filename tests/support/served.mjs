// A project with a deployment behind which an upstream stands, and a service user who may make requests to it: what the tests and
// benchmarks of the gate begin with.

import { until } from "./until.mjs";

export const PROJECT = "/v2.1/projects/vision";
export const DEPLOYMENT = `${PROJECT}/deployments/d`;
/** A credit a second. */
const PRICE = { credits_per_hour: 3600 };

/** Calls the API as the operator, and gives the answer's JSON. */
export const operator = (tenantry) => async (method, path, body) => {
  const headers = { authorization: `Token ${tenantry.operatorToken}`, "content-type": "application/json" };
  const response = await fetch(tenantry.url + path, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
};

/** The newest record, once it has ended. */
export const newestRecord = (tenantry) =>
  until("the request to be settled", async () => {
    const row = await tenantry.database.prepare("SELECT * FROM requests ORDER BY id DESC LIMIT 1").first();
    return row?.status !== "processing" && row;
  });

/**
 * Makes the project `vision` with the structured deployment `d`.
 *
 * @param {object} tenantry one that was started
 * @param {Record<string, {version?: object, upstream: object}>} versions by name: what is set of the version, and of its upstream
 * @returns {Promise<string>} the token of a service user
 */
export async function served(tenantry, versions) {
  const call = operator(tenantry);
  await call("POST", "/operator/v1/users", { email: "ada@example.com" });
  await call("POST", "/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
  await call("POST", "/v2.1/projects", { name: "vision", organization_name: "acme" });
  await call("POST", `${PROJECT}/deployments`, {
    name: "d",
    input_type: "structured",
    output_type: "structured",
    input_fields: [{ name: "x", data_type: "int" }],
    output_fields: [{ name: "y", data_type: "int" }],
  });
  await call("PUT", "/operator/v1/instance-types/1gb", PRICE);
  for (const [name, { version, upstream }] of Object.entries(versions)) {
    await call("POST", `${DEPLOYMENT}/versions`, { version: name, ...version });
    await call("PUT", `${DEPLOYMENT}/versions/${name}/upstream`, { instance_type: "1gb", ...upstream });
  }
  const robot = await call("POST", `${PROJECT}/service-users`, { name: "robot" });
  await call("POST", `${PROJECT}/role-assignments`, { role: "deployment-request-user", assignee: robot.id });
  return robot.token;
}
