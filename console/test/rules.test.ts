// Tables as text, differences, sums and what needs somebody's attention.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isSort, needs } from "../src/rules/attention.ts";
import { csvOf } from "../src/rules/csv.ts";
import { differences } from "../src/rules/diff.ts";
import { sum } from "../src/rules/money.ts";
import { monthOf, shifted } from "../src/rules/period.ts";

test("a cell that a spreadsheet would calculate is a text, and quotes are doubled", () => {
  assert.equal(csvOf([["a", 'say "hi"', "x,y"], ["=1+1", "+1", "@x"], ["-2", -2, null]]), `a,"say ""hi""","x,y"\r\n'=1+1,'+1,'@x\r\n'-2,-2,\r\n`);
});

test("a cell is a text behind any separator that a spreadsheet may have", () => {
  assert.equal(csvOf([["x;=1+1", "x\t+1", "a;b"]]), `"x;'=1+1","x\t'+1","a;b"\r\n`);
});

test("a difference names what is new, gone, changed and the same", () => {
  assert.deepEqual(differences({ a: 1, b: "x", c: [1] }, { a: 1, b: "y", d: null }), [
    { field: "a", before: "1", after: "1", same: true },
    { field: "b", before: "x", after: "y", same: false },
    { field: "c", before: "[\n 1\n]", after: null, same: false },
    { field: "d", before: null, after: "null", same: false },
  ]);
  assert.deepEqual(differences(null, undefined), []);
});

test("millionths add up", () => {
  assert.equal(sum([0.1, 0.2, 0.000001]), 0.300001);
  assert.equal(sum(Array.from({ length: 1000 }, () => 0.1)), 100);
});

test("attention goes to what expires soon, has expired, was never used or has an old token", () => {
  const now = Date.parse("2026-11-29T00:00:00Z");
  const days = (number: number): string => new Date(now + number * 86_400_000).toISOString();
  const user = { creation_date: days(-1), expiry_date: null, previous_token_expiry: null, token_last_used: null };
  assert.deepEqual(needs(user, now), []);
  assert.deepEqual(needs({ ...user, expiry_date: days(-1) }, now), [{ kind: "expired", urgent: true }]);
  assert.deepEqual(needs({ ...user, expiry_date: days(5) }, now), [{ kind: "expires", urgent: true }]);
  assert.deepEqual(needs({ ...user, expiry_date: days(20) }, now), [{ kind: "expires", urgent: false }]);
  const old = { ...user, creation_date: days(-31) };
  assert.deepEqual(needs(old, now), [{ kind: "unused", urgent: false }]);
  assert.deepEqual(needs({ ...old, token_last_used: days(-20) }, now), []);
  assert.deepEqual(needs({ ...user, previous_token_expiry: days(1) }, now), [{ kind: "previous", urgent: false }]);
});

test("a sort is one of those that the server knows", () => {
  assert.deepEqual(["name", "-last_used", "", "-", "age", "--name"].map(isSort), [true, true, false, false, false, false]);
});

test("months stay months when they are shifted, other periods keep their length", () => {
  assert.deepEqual(monthOf("2026-12-31"), { from: "2026-12-01", to: "2027-01-01" });
  assert.deepEqual(shifted({ from: "2026-12-01", to: "2027-01-01" }, 1), { from: "2027-01-01", to: "2027-02-01" });
  assert.deepEqual(shifted({ from: "2026-01-01", to: "2027-01-01" }, -1), { from: "2025-01-01", to: "2026-01-01" });
  assert.deepEqual(shifted({ from: "2026-03-10", to: "2026-03-17" }, -1), { from: "2026-03-03", to: "2026-03-10" });
});
