// Every page of the console in each of its states, in a real browser against the real module: what axe finds, light and dark; that
// nothing breaks the policy or is asked elsewhere; that nothing moves once it is there, and nothing is wider than a small screen.
//
// The pages are the rows of console-pages.mjs. SCREENSHOTS=DIR leaves pictures of them there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { DESKTOP, faults, startConsole } from "./console.mjs";
import { PAGES } from "./console-pages.mjs";

const SMALL = { width: 320, height: 640 };
// 1280 at 200 %.
const ZOOMED = { width: 640, height: 450 };
const TABLET = { width: 768, height: 1024 };
const API = /^\/(v2\.1|v1|operator|session)\//;
let world;

before(async () => {
  world = await startConsole();
});
after(() => world?.stop());

const where = ({ path }) => path.replace("{robot}", world.robot.id).replace("{request}", world.request.id);
const whoOf = (row) => (row.as === undefined ? "ada" : row.as);

/** Nothing that axe finds, in light, in dark and in colours that the reader has forced upon the page. */
async function accessible(page, what) {
  for (const media of [{ colorScheme: "light" }, { colorScheme: "dark" }, { colorScheme: "light", forcedColors: "active" }]) {
    await page.emulateMedia({ ...media, reducedMotion: "reduce" });
    assert.deepEqual(await faults(page), [], `${what}, ${Object.values(media).join(", ")}`);
    if (media.forcedColors) await picture(page, `${what} in forced colours`);
  }
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
}
async function picture(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `console-${name.replaceAll(/\W+/g, "-")}.png`), fullPage: true });
}
const isWhole = async (page, what) => {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wider <= 0, `${wider} px wider than the screen: ${what}`);
};

test("every page of the console has a row", async () => {
  const table = await readFile(path.join(import.meta.dirname, "../../console/src/routes.ts"), "utf8");
  const tried = PAGES.map((row) => row.path.split("?")[0].split("/"));
  const paths = [...table.matchAll(/^ *(?:\{ )?path: "([^"]+)"/gm)].map(([, page]) => page);
  assert.ok(paths.length > 20, `${paths.length} pages in the table`);
  const fits = (wanted, segments) => wanted.length === segments.length && wanted.every((want, at) => want.startsWith("{") || want === segments[at]);
  assert.deepEqual(paths.filter((page) => !tried.some((segments) => fits(page.split("/"), segments))), []);
});

for (const row of PAGES) {
  test(`${row.name}: whole, for everybody, and within its policy`, async () => {
    const page = await world.page(whoOf(row), { reducedMotion: "reduce" });
    await world.go(page, where(row));
    await page.getByRole("heading", { level: 1, name: row.heading, exact: true }).waitFor();
    await row.then?.(page, world);
    await world.rest(page);
    assert.match(await page.title(), /Tenantry/);
    await accessible(page, row.name);
    const shifts = await page.evaluate(() => window.shifts);
    const moved = shifts.reduce((sum, { value }) => sum + value, 0);
    assert.ok(moved <= 0.01, `moved by ${moved}: ${JSON.stringify(shifts)}`);
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0, "something moves although motion is unwanted");
    await picture(page, row.name);

    for (const name of row.dialogs ?? []) {
      const button = page.locator("main").getByRole("button", { name, exact: true }).first();
      await button.focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await page.waitForFunction(() => !document.querySelector('dialog [aria-busy="true"]'));
      await accessible(page, `${row.name}: ${name}`);
      assert.ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null), `${name}: the focus is not in the dialog`);
      await picture(page, `${row.name} ${name}`);
      await page.setViewportSize(SMALL);
      await isWhole(page, name);
      await page.setViewportSize(DESKTOP);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      assert.ok(await button.evaluate((element) => element === document.activeElement), `${name}: the focus did not come back`);
    }

    for (const viewport of [TABLET, ZOOMED, SMALL]) {
      await page.setViewportSize(viewport);
      await isWhole(page, `${row.name} at ${viewport.width}`);
    }
    await accessible(page, `${row.name} on a small screen`);
    await picture(page, `${row.name} small`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  if (row.still) continue;
  test(`${row.name}: while it loads, and when the server cannot answer`, async () => {
    const page = await world.page(whoOf(row), { reducedMotion: "reduce" });
    /** @type {(value?: unknown) => void} */
    let answer = () => {};
    const held = new Promise((done) => (answer = done));
    await page.route((url) => API.test(url.pathname), async (route) => {
      await held;
      await route.fulfill({ status: 503, headers: { "retry-after": "1", "x-request-id": "0".repeat(32) }, json: { error: "the database cannot be reached; try again" } }).catch(() => {});
    });
    await page.goto(`${world.url}/console${where(row)}`);
    await page.locator('main [aria-busy="true"]').first().waitFor();
    await page.locator(".progress").first().waitFor();
    await accessible(page, `${row.name}, loading`);
    answer();
    await page.getByRole("alert").first().waitFor();
    await accessible(page, `${row.name}, refused`);
    assert.match(await page.getByRole("alert").first().innerText(), /the database cannot be reached/);
    await page.unroute(() => true);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    // What is asked again comes, after as long as the server wished.
    for (const again of await page.getByRole("button", { name: /^Try again$/ }).all()) await again.click().catch(() => {});
    await page.getByRole("button", { name: /^Try again$/ }).first().waitFor({ state: "visible", timeout: 3000 }).then(() => page.getByRole("button", { name: /^Try again$/ }).first().click(), () => {});
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}
