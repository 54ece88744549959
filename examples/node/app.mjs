// Sets a project up and calls it, with Node alone (20 or newer).
//
//   TENANTRY_TOKEN=$ada node examples/node/app.mjs
//
// TENANTRY_URL, UPSTREAM_URL and ORGANIZATION are those of the README's first call unless they are set.

import { randomBytes } from "node:crypto";

const { TENANTRY_TOKEN, TENANTRY_URL = "http://127.0.0.1:8787", UPSTREAM_URL = "http://127.0.0.1:8788", ORGANIZATION = "acme" } = process.env;

/** One call; its answer, to be read. What is refused says why under `error`. */
async function send(token, method, path, body) {
  const headers = { Authorization: `Token ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(`${TENANTRY_URL}/v2.1${path}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.json()).error}`);
  return answer;
}

/** A call of Ada's, who administers the organization. */
const ada = async (method, path, body) => (await send(TENANTRY_TOKEN, method, path, body)).json();

/** The lines of an answer, as they come. */
async function* lines(answer) {
  let rest = "";
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + text).split("\n");
    rest = whole.pop();
    yield* whole;
  }
  if (rest) yield rest;
}

// Once for each customer. Names of projects are unique in the installation, so each run takes another.
const name = `node-${randomBytes(3).toString("hex")}`;
const deployment = `/projects/${name}/deployments/double`;
await ada("POST", "/projects", { name, organization_name: ORGANIZATION });
await ada("POST", `/projects/${name}/deployments`, {
  name: "double", input_type: "structured", output_type: "structured",
  input_fields: [{ name: "x", data_type: "int" }], output_fields: [{ name: "y", data_type: "int" }],
});
for (const [version, path] of [["v1", "/predict"], ["counting", "/stream"]]) {
  await ada("POST", `${deployment}/versions`, { version });
  await ada("PUT", `${deployment}/versions/${version}/upstream`, { upstream_url: UPSTREAM_URL + path });
}
const app = await ada("POST", `/projects/${name}/service-users`, { name: "app" });
await ada("POST", `/projects/${name}/role-assignments`, { role: "deployment-request-user", assignee_type: "user", assignee: app.id });

// What the customer's app does, with the token that was shown once.
const { result } = await (await send(app.token, "POST", `${deployment}/versions/v1/requests`, { x: 21 })).json();
console.log("answer", JSON.stringify(result));

for await (const line of lines(await send(app.token, "POST", `${deployment}/versions/counting/requests/stream`, { x: 3 }))) {
  if (line.startsWith("data:")) console.log("piece", line.slice("data:".length));
  // The last line is the record of the request. A stream without it has broken off.
  else if (line.startsWith("{")) console.log("end", JSON.parse(line).status);
}
