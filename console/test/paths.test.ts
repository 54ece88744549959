// Which page a path is, and where a sign-in may lead.

import assert from "node:assert/strict";
import { test } from "node:test";
import { find, next } from "../src/rules/paths.ts";

const ROWS = [{ path: "/" }, { path: "/o/{o}" }, { path: "/o/{o}/members" }, { path: "/p/{p}/deployments/{d}/{v}" }] as const;

test("a path is the row with the same segments, and braces hold what stands there", () => {
  assert.deepEqual(find(ROWS, "/o/acme/members"), { row: ROWS[2], inBraces: { o: "acme" } });
  assert.deepEqual(find(ROWS, "/p/a%20b/deployments/d/v%2F1")?.inBraces, { p: "a b", d: "d", v: "v/1" });
  assert.equal(find(ROWS, "")?.row, ROWS[0]);
  assert.equal(find(ROWS, "/o/acme/")?.row, ROWS[1]);
});

test("a path that nobody has is no page, one that is no text neither", () => {
  assert.equal(find(ROWS, "/o"), null);
  assert.equal(find(ROWS, "/o/acme/members/more"), null);
  assert.equal(find(ROWS, "/o/%ff"), null);
});

test("a sign-in leads to a page of the console and nowhere else", () => {
  assert.equal(next("/console/o/acme?tab=1"), "/o/acme?tab=1");
  assert.equal(next("/console"), "/");
  for (const elsewhere of [null, "", "https://evil.example", "//evil.example", "/console//evil.example", "/consoles", "/console/\\evil", "/docs", "javascript:alert(1)", "/console/sign-in?next=x"]) {
    assert.equal(next(elsewhere), "/", String(elsewhere));
  }
});
