// Calls as commands for a shell.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { commandOf, quoted } from "../src/rules/commands.ts";

test("a shell reads a quoted text as it was", () => {
  for (const text of ["plain", "it's", "$HOME `date` \\ \"", "two\nlines", "''"]) {
    assert.equal(execFileSync("sh", ["-c", `printf %s ${quoted(text)}`], { encoding: "utf8" }), text);
  }
});

test("a command names the token's variable and never a token", () => {
  assert.equal(
    commandOf("https://api.example", "POST", "/v2.1/projects", { name: "it's" }),
    `curl -sS 'https://api.example/v2.1/projects' \\\n  -H "Authorization: Token $TENANTRY_TOKEN" \\\n  -H 'Content-Type: application/json' \\\n  -d '{"name":"it'\\''s"}'`,
  );
  assert.match(commandOf("https://api.example", "DELETE", "/x"), /-X DELETE/);
});
