// The README keeps its word: the block under "The first call", pasted as it stands, works against a fresh installation.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startTenantry } from "./serve.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const WHERE_DEV_SERVES = "http://127.0.0.1:8787";
let tenantry;
let directory;
before(async () => {
  tenantry = await startTenantry();
  directory = await mkdtemp(path.join(tmpdir(), "tenantry-readme-"));
  await writeFile(path.join(directory, ".dev.vars"), `OPERATOR_TOKEN=${tenantry.operatorToken}\n`);
});
after(async () => {
  await tenantry?.stop();
  await rm(directory, { recursive: true, force: true });
});

test("the first call works as it stands in the README", async () => {
  const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
  const block = readme.match(/^## The first call$.*?^```sh\n(.*?)^```$/ms)?.[1];
  assert.ok(block?.includes(WHERE_DEV_SERVES), "the block is not where it was");
  const pasted = block.replace(WHERE_DEV_SERVES, tenantry.url);
  const { stdout, stderr } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", pasted], { cwd: directory });
  assert.equal(stderr, "");
  const [organization, project, app] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(organization.name, "acme");
  assert.equal(project.name, "vision");
  assert.equal(project.organization_name, "acme");
  assert.equal(app.authentication, "token");
  assert.equal(app.name, "web-app");
});

test("every file that the documentation links to is there", async () => {
  for (const page of ["README.md", "CONTRIBUTING.md", "docs/api-design.md", "docs/operations.md", "docs/logging.md"]) {
    const text = await readFile(path.join(ROOT, page), "utf8");
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link);
    for (const link of links) await stat(path.resolve(ROOT, path.dirname(page), link)).catch(() => assert.fail(`${page}: ${link} is missing`));
  }
});
