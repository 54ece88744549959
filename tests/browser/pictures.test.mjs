// The README's pictures can be made again, and are what it shows: each in light and in dark, with a text for whoever does not see it.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { ROOT, page } from "../support/pages.mjs";
import { PICTURES, SCHEMES, takePictures } from "./pictures.mjs";

const FOLDER = path.join(ROOT, "docs/pictures");
/** What all of them together may weigh: people read the README on phones. */
const MOST = 250_000;
const NAMES = Object.keys(PICTURES).flatMap((name) => SCHEMES.map((scheme) => `${name}-${scheme}.webp`)).sort();

test("the pictures are made of the console as it is, and nothing is amiss on it", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenantry-pictures-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  assert.deepEqual(await takePictures(folder), []);
  assert.deepEqual((await readdir(folder)).sort(), NAMES);
  for (const name of NAMES) {
    const [made, kept] = await Promise.all([folder, FOLDER].map((at) => sharp(path.join(at, name)).metadata()));
    assert.deepEqual([made.format, made.width, made.height], [kept.format, kept.width, kept.height], `${name} is not as \`make pictures\` makes it`);
  }
});

test("the README shows each of them, for both kinds of readers and for those who do not see them", async () => {
  assert.deepEqual((await readdir(FOLDER)).sort(), NAMES);
  const sizes = await Promise.all(NAMES.map(async (name) => (await stat(path.join(FOLDER, name))).size));
  const all = sizes.reduce((sum, size) => sum + size);
  assert.ok(all < MOST, `${all} bytes together`);
  const shown = [...(await page("README.md")).matchAll(/<picture>(.*?)<\/picture>/gs)].map(([, picture]) => picture);
  assert.equal(shown.length, Object.keys(PICTURES).length);
  for (const [at, name] of Object.keys(PICTURES).entries()) {
    assert.match(shown[at], new RegExp(`<source media="\\(prefers-color-scheme: dark\\)" srcset="docs/pictures/${name}-dark.webp">`));
    assert.match(shown[at], new RegExp(`<img src="docs/pictures/${name}-light.webp" alt="[^"]{40,}"`));
  }
});
