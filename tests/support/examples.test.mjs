// The examples keep their word: what examples/README.md has one paste where the README's first call has ended, in the same shell, works;
// in front of servers that speak OpenAI's protocol in the place of vLLM and Ollama, which were not run. The examples in Python are run by
// tests/clients/test_examples.py, the page by tests/browser/examples.test.mjs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { startUpstream } from "../../examples/upstream.mjs";
import { FOREIGN_WORDS, startForeign } from "./openai-upstreams.mjs";
import { ROOT, blocks, elsewhere, firstCall, page, paste } from "./pages.mjs";
import { startTenantry } from "./serve.mjs";

const hasTerraform = spawnSync("terraform", ["version"]).status === 0;
let tenantry;
let upstream;
let directory;
// What the shell of the first call knows when that has ended.
let shell;
const models = [];

before(async () => {
  // As `make dev` sets it.
  tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  upstream = await startUpstream();
  directory = await mkdtemp(path.join(tmpdir(), "tenantry-examples-"));
  await writeFile(path.join(directory, ".dev.vars"), `OPERATOR_TOKEN=${tenantry.operatorToken}\n`);
  const known = "declare -p api upstream json ada made app; declare -f field as_ada";
  const { stdout } = await paste(`${await firstCall(tenantry, upstream)}\necho ---\n${known}`, { cwd: directory });
  [, shell] = stdout.split("\n---\n");
});
after(async () => {
  await tenantry?.stop();
  await upstream?.stop();
  for (const server of models) await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Goes on in that shell, at the root of the repository unless another place is said; what is printed. */
async function further(text, cwd = ROOT) {
  const environment = "export TENANTRY_URL=$api UPSTREAM_URL=$upstream";
  const { stdout, stderr } = await paste([shell, environment, text].join("\n"), { cwd });
  assert.equal(stderr, "");
  return stdout;
}

/** The rows of the table: the folder or file, what is to be pasted, the tests. */
async function rows() {
  const cells = (await page("examples/README.md")).split("\n").filter((line) => line.startsWith("| [")).map((line) => line.split("|").slice(1, -1));
  return cells.map(([of, , command, by]) => ({ of: of.match(/\[(.*?)\]\((.*?)\)/).slice(1), command: command.match(/`(.*)`/)?.[1], by }));
}

test("every example has a row, which says what runs it or why nothing does", async () => {
  const table = await rows();
  const there = (await readdir(path.join(ROOT, "examples"))).filter((name) => name !== "README.md");
  assert.deepEqual([...new Set(table.map(({ of: [name] }) => name))].sort(), there.sort());
  for (const { of: [name], by } of table) {
    const files = [...by.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => path.resolve(ROOT, "examples", file));
    assert.ok(files.length > 0, name);
    for (const file of files) assert.ok((await stat(file)).isFile(), file);
  }
});

test("Node sets a project up, sends a request and reads a stream", async () => {
  const { command } = (await rows()).find(({ of: [name] }) => name === "node");
  const lines = (await further(command)).trim().split("\n");
  assert.deepEqual(lines, ['answer {"y":42}', 'piece {"y":0}', 'piece {"y":2}', 'piece {"y":4}', "end completed"]);
});

for (const [name, key] of [["vllm", "sk-of-vllm"], ["ollama", undefined]]) {
  test(`${name}: a server of its protocol behind the gate streams its answer to who has a token of ours`, async () => {
    const server = await startForeign(key);
    models.push(server);
    const compose = await readFile(path.join(ROOT, "examples", name, "compose.yaml"), "utf8");
    const text = await page(`examples/${name}/README.md`);
    const [block] = blocks(text, "sh");
    const [, address] = block.match(new RegExp(`^${name}=(.*)$`, "m"));
    // The server listens where the block looks for it, and has the key that it says.
    assert.ok(compose.includes(`"${new URL(address).host}:`), address);
    if (key) assert.ok(compose.includes(`--api-key ${key}`) && block.includes(`"${key}"`));
    const answered = await further(elsewhere(block, { [address]: server.url }));
    const events = answered.split("\n").filter((line) => line.startsWith("data: "));
    assert.equal(events.at(-1), "data: [DONE]", answered);
    const pieces = events.slice(0, -1).map((line) => JSON.parse(line.slice("data: ".length)).choices[0]?.delta.content ?? "");
    assert.equal(pieces.join(""), FOREIGN_WORDS);
    assert.ok(pieces.filter(Boolean).length > 3, pieces.join("|"));
    const model = block.match(/"openai-model-names": "(.*?)"/)[1];
    const listed = JSON.parse(await further('curl -sS "$api/v2.1/projects/vision/openai-compatible/v1/models" -H "Authorization: Bearer $app"'));
    assert.ok(listed.data.some(({ id }) => id === `ubiops-deployment/${name}/v1/${model}`), JSON.stringify(listed));
  });
}

test("Terraform makes tenants, changes them and takes them away", { skip: !hasTerraform && "terraform is not installed" }, async () => {
  const place = path.join(directory, "terraform");
  await cp(path.join(ROOT, "examples/terraform"), place, { recursive: true });
  // With nobody's settings but these.
  await writeFile(path.join(directory, "terraformrc"), "");
  const settings = "export TENANTRY_TOKEN=$ada TF_VAR_url=$api TF_CLI_CONFIG_FILE=../terraformrc CHECKPOINT_DISABLE=1";
  const terraform = (commands) => further(`${settings}\n${commands}`, place);
  const projects = async () => JSON.parse(await further("as_ada /projects")).filter(({ name }) => name !== "vision" && !name.startsWith("node-"));
  const seen = (list) => list.map(({ name, organization_name, credits, cors_origins }) => ({ name, organization_name, credits, cors_origins }));
  const lab = { name: "lab", organization_name: "acme", credits: null, cors_origins: [] };
  const shop = { name: "shop", organization_name: "acme", credits: 100, cors_origins: ["https://shop.example.com"] };

  const made = await terraform("terraform fmt -check && terraform init -no-color && terraform apply -auto-approve -no-color");
  assert.deepEqual(seen(await projects()), [lab, shop], made);
  const { id, token } = JSON.parse(await readFile(path.join(place, "app-shop.json"), "utf8"));
  assert.equal((await stat(path.join(place, "app-shop.json"))).mode & 0o077, 0);
  const call = `curl -sS "$api/v2.1/projects/shop/deployments/none/requests" -H "Authorization: Token ${token}" -d '{}' -o /dev/null -w '%{http_code}'`;
  assert.equal(await further(call), "404", "the app may send requests to what there is");
  const state = await readFile(path.join(place, "terraform.tfstate"), "utf8");
  assert.ok(!made.includes(token) && !state.includes(token), "the token is in what Terraform prints or keeps");

  assert.match(await terraform("terraform plan -no-color"), /No changes/);
  const tenants = `export TF_VAR_tenants='{"shop": {"credits": 5}, "lab": {}}'\n`;
  await terraform(`${tenants}terraform apply -auto-approve -no-color`);
  assert.deepEqual(seen(await projects()), [lab, { ...shop, credits: 5, cors_origins: [] }]);
  const apps = JSON.parse(await further("as_ada /projects/shop/service-users"));
  assert.deepEqual(apps.map((app) => app.id), [id], "a change of the settings leaves the app and its token alone");

  await terraform(`${tenants}terraform destroy -auto-approve -no-color`);
  assert.deepEqual(await projects(), []);
  assert.equal(await further(call), "401");
});
