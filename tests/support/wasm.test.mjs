// What the scripts of the build take apart they put together again.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { IMPORTS, importSection, imports, moduleOf, number, sections } from "../../scripts/wasm.mjs";

const module = readFileSync(new URL("../../build/index_bg.wasm", import.meta.url));

test("a module is the sum of its sections, and its imports of theirs", () => {
  const all = sections(module);
  assert.deepEqual(moduleOf(module, all), module);
  const { content } = all.find(({ kind }) => kind === IMPORTS);
  assert.ok(imports(content).length > 50);
  assert.deepEqual(importSection(imports(content)), content);
});

test("numbers have as many bytes as they need", () => {
  assert.deepEqual([0, 127, 128, 16_384, 2 ** 32 - 1].map(number), [
    [0],
    [127],
    [128, 1],
    [128, 128, 1],
    [255, 255, 255, 255, 15],
  ]);
});
