// Prints a link by which the first person of a local installation signs in to the console, and makes that person if need be.
//
//   node scripts/first-sign-in.mjs <url>
import { readFileSync } from "node:fs";

const EMAIL = "first@example.com";
const url = process.argv[2];
const operator = /^OPERATOR_TOKEN=(.*)$/m.exec(readFileSync(".dev.vars", "utf8"))[1].trim();

async function call(method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Token ${operator}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.error}`);
  return answer;
}

const [known] = await call("GET", `/operator/v1/users?email=${encodeURIComponent(EMAIL)}`);
const person = known ?? (await call("POST", "/operator/v1/users", { email: EMAIL, name: "First" }));
const { link } = await call("POST", `/operator/v1/users/${person.id}/sign-in-link`, {});
process.stdout.write(link);
