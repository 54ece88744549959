// The README keeps its word: the block under "The first call", pasted as it stands, works against a fresh installation.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { startUpstream } from "../../examples/upstream.mjs";
import { ROOT, blocks, firstCall, page, paste } from "./pages.mjs";
import { startTenantry } from "./serve.mjs";

let tenantry;
let upstream;
let directory;
before(async () => {
  // As `make dev` sets it.
  tenantry = await startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } });
  upstream = await startUpstream();
  directory = await mkdtemp(path.join(tmpdir(), "tenantry-readme-"));
  await writeFile(path.join(directory, ".dev.vars"), `OPERATOR_TOKEN=${tenantry.operatorToken}\n`);
});
after(async () => {
  await tenantry?.stop();
  await upstream?.stop();
  await rm(directory, { recursive: true, force: true });
});

test("the first call works as it stands in the README, and what docs/gate.md goes on with", async () => {
  const further = blocks(await page("docs/gate.md"), "sh");
  const all = [await firstCall(tenantry, upstream), ...further].join("\necho ---\n");
  const { stdout, stderr } = await paste(all, { cwd: directory });
  assert.equal(stderr, "");
  const [first, ...rest] = stdout.split("---\n");

  const lines = first.trim().split("\n").map((line) => JSON.parse(line));
  const [organization, project, deployment, version, set, assignment, request] = lines;
  assert.equal(lines.length, 7);
  assert.equal(organization.name, "acme");
  assert.equal(project.name, "vision");
  assert.equal(project.organization_name, "acme");
  assert.equal(deployment.name, "double");
  assert.equal(version.version, "v1");
  assert.match(set.upstream_secret, /^whsec_/);
  assert.equal(assignment.role, "deployment-request-user");
  assert.deepEqual([request.status, request.success, request.result], ["completed", true, { y: 42 }], first);

  const [counted, rotated, chatted, keyed, repeated, queued, piped, spoken, passed] = rest;
  assert.match(counted, /^data:\{"y":0\}\n\ndata:\{"y":2\}\n\ndata:\{"y":4\}\n\n\{.*"status":"completed".*\}$/m);
  assert.match(rotated, /"upstream_secret":"whsec_/);
  assert.match(chatted, /"result":"\{.*good morning.*\}"/);
  assert.match(chatted, /^data:\{.*"delta":\{"content":"good "\}/m);
  assert.match(chatted.trim().split("\n").at(-1), /^\{.*"status":"completed"/);
  assert.match(keyed, /"result":"\{.*good evening.*\}"/);
  const [once, twice] = repeated.trim().split("\n");
  assert.equal(JSON.parse(once).result.y, 16);
  assert.equal(once, twice);
  assert.deepEqual(JSON.parse(queued).map(({ status }) => status), ["pending", "pending"]);
  const { result, deployment_requests: made } = JSON.parse(piped.trim().split("\n").at(-1));
  assert.deepEqual([result, made.map((one) => one.pipeline_object)], [{ result: 20 }, ["first", "second"]]);
  assert.match(spoken, /"model":"parrot".*"content":"hello there".*"total_tokens":4/);
  assert.match(spoken, /^data: \{.*"delta":\{"content":"hello "\}/m);
  assert.match(spoken, /^data: \[DONE\]$/m);
  assert.match(passed, /"model":"parrot".*"content":"how do you do"/);
  for (const output of rest) assert.ok(!output.includes('"error"') && !output.includes('"failed"'), output);
});

test("the programs in the documentation are the files that tests run", async () => {
  for (const [name, language, ...files] of [
    ["gate", "python", "verify/upstream.py", "openai/chat.py"],
    ["gate", "js", "verify/upstream.mjs", "openai/chat.mjs"],
    ["gate", "rust", "verify/signature.rs"],
    ["requests", "python", "later/upstream.py"],
  ]) {
    const text = await page(`docs/${name}.md`);
    assert.deepEqual(blocks(text, language), await Promise.all(files.map((file) => page(`examples/${file}`))), language);
  }
});

test("every file that the documentation links to is there", async () => {
  const docs = (await readdir(path.join(ROOT, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  for (const name of ["README.md", "CONTRIBUTING.md", ...docs]) {
    const text = await page(name);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link);
    for (const link of links) await stat(path.resolve(ROOT, path.dirname(name), link)).catch(() => assert.fail(`${name}: ${link} is missing`));
  }
});

test("what docs/comparison.md says of others names a page, and no page is listed for nothing", async () => {
  const [said, listed] = (await page("docs/comparison.md")).split("\n## Pages\n");
  const named = [...said.matchAll(/\[([A-Z]\d(?:, [A-Z]\d)*)\]/g)].flatMap(([, marks]) => marks.split(", "));
  const rows = [...listed.matchAll(/^\| ([A-Z]\d) \| .*\S.* \|$/gm)].map(([, mark]) => mark);
  assert.deepEqual([...new Set(named)].sort(), rows.sort());
});
