import assert from "node:assert/strict";
import { test } from "node:test";
import { rank } from "../src/rules/rank.ts";

const found = (typed: string): string[] => rank(["service users", "vision", "revision", "usage", "my-vision"], typed, (row) => row);

test("a beginning comes before a word's, a word's before any other place, letters apart last", () => {
  assert.deepEqual(found("vis"), ["vision", "my-vision", "revision", "service users"]);
});
test("letters in order are enough, and what lacks one is left out", () => {
  assert.deepEqual(found("svus"), ["service users"]);
  assert.deepEqual(found("xyz"), []);
});
test("nothing typed is everything", () => {
  assert.equal(found(" ").length, 5);
});
