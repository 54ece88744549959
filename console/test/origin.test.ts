// Origins, against the vectors that the server's own rule is tested with.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse, parseAll } from "../src/rules/origin.ts";

const hosts = JSON.parse(readFileSync(new URL("../../tests/golden/hosts.json", import.meta.url), "utf8")) as Record<string, string | null>;

test("hosts are normalised as the server does", () => {
  for (const [host, normalised] of Object.entries(hosts)) {
    assert.equal(parse(`https://${host}`).origin ?? null, normalised === null ? null : `https://${normalised}`, host);
  }
});

test("a default port is dropped, another one stays", () => {
  assert.equal(parse("https://a.example:443").origin, "https://a.example");
  assert.equal(parse("http://a.example:443").origin, "http://a.example:443");
  assert.equal(parse("HTTP://LOCALHOST:3000").origin, "http://localhost:3000");
  assert.equal(parse("http://[::1]:8080").origin, "http://[::1]:8080");
});

test("apps and extensions have origins, too", () => {
  for (const origin of ["capacitor://localhost", "tauri://localhost", "chrome-extension://abcdefgh", "app://obsidian.md"]) assert.equal(parse(origin).origin, origin);
});

test("what is no origin is told what is wrong with it", () => {
  const wrong: Record<string, RegExp> = {
    "": /empty/,
    "*": /wildcard/,
    "null": /no origin/,
    "https://*.a.example": /wildcard/,
    "https://a.example/": /slash/,
    "https://a.example/x": /path/,
    "https://a.example?x": /query/,
    "https://a.example#x": /fragment/,
    "https://u@a.example": /user/,
    "https://a.example:0": /port/,
    "https://a.example:65536": /port/,
    "a.example": /no scheme/,
    "ws://a.example": /scheme/,
    "https://a b": /white space/,
    "https://": /no host/,
    "https:\\\\a.example": /backslash/,
  };
  for (const [text, why] of Object.entries(wrong)) assert.match(parse(text).wrong ?? "", why, text);
});

test("many are pasted at once", () => {
  assert.deepEqual(
    parseAll("https://a.example, https://b.example\n\nnot-one").map(({ origin }) => origin ?? null),
    ["https://a.example", "https://b.example", null],
  );
});
