// The page of examples/browser in a browser, set up as its README says: with a token that lists its origin it shows an answer while that
// comes, from any other origin it is told nothing, and its button ends the request.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { startUpstream } from "../../examples/upstream.mjs";
import { listen } from "../support/listen.mjs";
import { ROOT, blocks, elsewhere, firstCall, page as text, paste } from "../support/pages.mjs";
import { startTenantry } from "../support/serve.mjs";
import { newestRecord } from "../support/served.mjs";
import { launch } from "./chromium.mjs";

// Said a word in a tenth of a second: long enough to be seen in pieces, and one that nobody waits for the end of.
const QUESTION = "how do you do this fine morning ".repeat(9).trim();
const ENDLESS = "how do you do this fine morning ".repeat(99).trim();
const TYPES = { ".html": "text/html", ".js": "text/javascript" };
const sites = [];
let tenantry;
let upstream;
let browser;
let directory;
let origin;
let token;

before(async () => {
  [tenantry, upstream, browser] = await Promise.all([startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } }), startUpstream(), launch()]);
  directory = await mkdtemp(path.join(tmpdir(), "tenantry-page-"));
  await writeFile(path.join(directory, ".dev.vars"), `OPERATOR_TOKEN=${tenantry.operatorToken}\n`);
  origin = await serve();
  const [block] = blocks(await text("examples/browser/README.md"), "sh");
  const pasted = [await firstCall(tenantry, upstream), elsewhere(block, { "http://localhost:8789": origin })].join("\n");
  const { stdout } = await paste(pasted, { cwd: directory });
  token = stdout.trim().split("\n").at(-1);
});
after(async () => {
  await browser?.close();
  for (const site of sites) site.stop();
  await upstream?.stop();
  await tenantry?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Serves the folder as any server of files would; its origin. */
async function serve() {
  const server = await listen(async (request, response) => {
    const file = path.join(ROOT, "examples/browser", request.url === "/" ? "index.html" : path.basename(request.url));
    const content = await readFile(file).catch(() => null);
    response.writeHead(content ? 200 : 404, { "Content-Type": TYPES[path.extname(file)] ?? "text/plain" }).end(content);
  });
  sites.push(server);
  return server.url;
}

/** The page on an origin, filled in; what it has shown is in `shown`, one text a change. */
async function opened(at, question = QUESTION) {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  page.shown = [];
  await page.exposeFunction("shows", (shown) => page.shown.push(shown));
  await page.goto(at);
  await page.evaluate(() => {
    const output = document.querySelector("output");
    new MutationObserver(() => window.shows(output.textContent)).observe(output, { childList: true, characterData: true, subtree: true });
  });
  await page.getByLabel("Installation").fill(tenantry.url);
  await page.getByLabel("Token").fill(token);
  await page.getByLabel("Question").fill(question);
  return page;
}
const ask = (page) => page.getByRole("button", { name: "Ask" }).click();
const ended = (page) => page.getByRole("button", { name: "Ask", disabled: false }).waitFor();
const records = async () => (await tenantry.database.prepare("SELECT status, error_message FROM requests ORDER BY id").all()).results;

test("from its origin the page shows an answer while it comes", async () => {
  const page = await opened(origin);
  await ask(page);
  await page.waitForFunction((question) => document.querySelector("output").textContent === question, QUESTION);
  await ended(page);
  const partly = page.shown.filter((shown) => shown && shown !== QUESTION && QUESTION.startsWith(shown));
  assert.ok(partly.length >= 3, `it came in one piece: ${JSON.stringify(page.shown)}`);
  assert.equal((await records()).at(-1).status, "completed");
  await page.close();
});

test("from another origin the browser sends nothing, whatever the token", async () => {
  const before = (await records()).length;
  const page = await opened(await serve());
  await ask(page);
  await page.getByText("Failed to fetch").waitFor();
  assert.equal((await records()).length, before);
  await page.close();
});

test("what is refused is shown in the gate's words", async () => {
  const page = await opened(origin);
  await page.getByLabel("Model").fill("ubiops-deployment/double/page/nobody");
  await ask(page);
  await page.getByText("has no model 'nobody'").waitFor();
  await page.close();
});

test("the button ends the request, and what came stays", async () => {
  const page = await opened(origin, ENDLESS);
  await ask(page);
  await page.waitForFunction(() => document.querySelector("output").textContent.startsWith("how do "));
  await page.getByRole("button", { name: "Stop" }).click();
  await ended(page);
  assert.ok(ENDLESS.startsWith(page.shown.at(-1)) && page.shown.at(-1) !== ENDLESS, page.shown.at(-1));
  const { status, error_message } = await newestRecord(tenantry);
  assert.deepEqual([status, error_message], ["failed", "the caller hung up"]);
  await page.close();
});
