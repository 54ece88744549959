// Prints what CHANGELOG.md says of a version, or fails where it says nothing.
//
//   node scripts/release-notes.mjs 0.2.0
//   node scripts/release-notes.mjs --check   what is written is in order: a version of Cargo.toml that is no longer `Unreleased` has its
//                                            heading, with a day, and the newest stand first

import { readFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
const read = (file) => readFileSync(path.join(ROOT, file), "utf8");
const die = (line) => {
  console.error(`error: ${line}`);
  process.exit(1);
};

const sections = read("CHANGELOG.md")
  .split(/^(?=## )/m)
  .slice(1)
  .map((text) => {
    const [heading, ...lines] = text.split("\n");
    return { heading, name: heading.match(/^## \[(.*?)\]/)?.[1], text: lines.join("\n").trim() };
  });

function check() {
  const version = read("Cargo.toml").match(/^version = "(.*)"$/m)[1];
  for (const [place, { heading, name }] of sections.entries()) {
    if (name === "Unreleased" ? place !== 0 || heading !== "## [Unreleased]" : !/^## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/.test(heading)) {
      die(`CHANGELOG.md: '${heading}' is neither '## [Unreleased]', which stands first, nor such as '## [0.2.0] - 2026-11-30'`);
    }
  }
  const numbers = sections.filter(({ name }) => name !== "Unreleased").map(({ name }) => name);
  const inOrder = [...numbers].sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  if (numbers.join() !== inOrder.join()) die(`CHANGELOG.md: the newest version stands first: ${inOrder.join(", ")}`);
  const newest = numbers[0] ?? FIRST;
  if (version !== newest) die(`Cargo.toml has version ${version}, and the newest heading of CHANGELOG.md is for ${newest}`);
  console.log(`changelog      as Keep a Changelog has it; the version is ${version}`);
}
/** What Cargo.toml had before there was a release, and so a heading. */
const FIRST = "0.1.0";

const wanted = process.argv[2];
if (!wanted) die("usage: node scripts/release-notes.mjs VERSION | --check");
if (wanted === "--check") {
  check();
} else {
  const section = sections.find(({ name }) => name === wanted);
  if (!section?.text) die(`CHANGELOG.md says nothing of ${wanted}`);
  console.log(section.text);
}
