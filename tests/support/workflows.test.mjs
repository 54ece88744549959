// The workflows of GitHub, which nobody runs here: that their jobs leave nothing of .ci/run out, that whatever they take from others is
// pinned, and what a release says and refuses.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file) => readFile(path.join(ROOT, file), "utf8");
const run = promisify(execFile);

test("every action of every workflow is pinned by commit", async () => {
  const workflows = (await readdir(path.join(ROOT, ".github/workflows"))).map((name) => `.github/workflows/${name}`);
  const actions = (await readdir(path.join(ROOT, ".github/actions"))).map((name) => `.github/actions/${name}/action.yml`);
  for (const file of [...workflows, ...actions]) {
    const used = [...(await read(file)).matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    assert.ok(used.length > 0, file);
    for (const action of used) {
      if (!action.startsWith("./")) assert.match(action, /^[\w-]+\/[\w-]+(\/[\w-]+)?@[0-9a-f]{40}$/, file);
      else assert.ok(actions.includes(`${action.slice(2)}/action.yml`), `${file}: ${action}`);
    }
  }
});

test("the jobs run each suite once, and whatever else .ci/run does", async () => {
  const workflow = await read(".github/workflows/ci.yml");
  const suites = (await read("scripts/test.sh")).match(/^SUITES="(.*)"$/m)[1].split(" ");
  const named = [...workflow.matchAll(/scripts\/test\.sh ([a-z ]+)/g)].flatMap(([, names]) => names.trim().split(" "));
  // What takes a build of its own has a job of its own besides.
  assert.deepEqual(named.sort(), [...suites, "fuzzing"].sort());
  const whole = await read(".ci/run");
  const steps = [...whole.matchAll(/^(scripts\/[a-z-]+\.sh(?: release)?|scripts\/with-tools\.sh node \S+)/gm)].map(([step]) => step);
  assert.ok(steps.length >= 5, steps.join(", "));
  for (const step of steps) assert.ok(workflow.includes(step.replace(/^scripts\/setup\.sh.*/, "scripts/setup.sh")), step);
});

test("a release is the version of Cargo.toml, and has its notes", async () => {
  const notes = (...args) => run(process.execPath, ["scripts/release-notes.mjs", ...args], { cwd: ROOT });
  const [, newest] = (await read("CHANGELOG.md")).match(/^## \[(.*?)\].*\n+### /m);
  assert.match((await notes(newest)).stdout, /^### /);
  await assert.rejects(notes("7.7.7"), ({ stderr }) => stderr === "error: CHANGELOG.md says nothing of 7.7.7\n");
  const refused = run("scripts/release.sh", ["v7.7.7"], { cwd: ROOT });
  await assert.rejects(refused, ({ stderr }) => /^error: the tag is 'v7\.7\.7', and Cargo\.toml has version \d+\.\d+\.\d+\n$/.test(stderr));
});
