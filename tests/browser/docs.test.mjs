// The page of /docs in a real browser: it draws the whole document under its own Content-Security-Policy with nothing from
// elsewhere, fits a phone, and tries a call with a token that somebody pastes.
//
// SCREENSHOTS=DIR leaves pictures of it there.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { startTenantry } from "../support/serve.mjs";
import { launch } from "./chromium.mjs";

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

let tenantry;
let browser;
before(async () => {
  [tenantry, browser] = await Promise.all([startTenantry(), launch()]);
});
after(() => Promise.all([browser?.close(), tenantry?.stop()]));

/** Opens the page; `complaints` gathers violations of the policy, errors of scripts and calls to elsewhere. */
async function open(viewport) {
  const page = await browser.newPage({ viewport, hasTouch: viewport === PHONE, isMobile: viewport === PHONE });
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== tenantry.url) complaints.push(`asked ${url}`);
  });
  await page.goto(`${tenantry.url}/docs`);
  await page.locator(".opblock").first().waitFor();
  return { page, complaints };
}

/**
 * Goes down the page, since of so many operations the viewer draws those alone that are in sight.
 *
 * @returns {Promise<Set<string>>} the ids of all that were drawn, up to the one that is looked for, or to the end
 */
async function goDown(page, wanted) {
  const drawn = new Set();
  for (let depth = -1, now = 0; depth !== now; ) {
    depth = now;
    for (const id of await page.locator(".opblock").evaluateAll((blocks) => blocks.map(({ id }) => id))) drawn.add(id);
    if (drawn.has(wanted)) break;
    await page.evaluate(() => window.scrollBy(0, window.innerHeight / 2));
    // What has come into sight is drawn and measured by the second frame.
    now = await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.scrollY)))),
    );
  }
  return drawn;
}

async function picture(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`) });
}

// The dialog offers each way of showing a credential; this takes the one that is called `token`.
async function giveToken(page, before = async () => {}) {
  const heading = page.locator("h4 code", { hasText: /^token$/ });
  const way = page.locator(".modal-ux .auth-container").filter({ has: heading });
  await way.locator("input").fill(tenantry.operatorToken);
  await before();
  await way.getByRole("button", { name: "Apply credentials" }).click();
}

for (const [name, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  test(`on a ${name} every operation is drawn, nothing breaks the policy and nothing is wider than the screen`, async () => {
    const { page, complaints } = await open(viewport);
    const { paths } = await (await fetch(`${tenantry.url}/openapi.json`)).json();
    const operations = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
    const drawn = await goDown(page);
    assert.equal(drawn.size, operations);
    assert.ok(drawn.has("operations-projects-projects_get"));
    await page.evaluate(() => window.scrollTo(0, 0));
    await picture(page, `docs-${name}`);

    await goDown(page, "operations-service-users-service_users_create");
    await page.locator("#operations-service-users-service_users_create .opblock-summary-control").click();
    await page.locator("#operations-service-users-service_users_create textarea").first().waitFor();
    await page.locator("#operations-service-users-service_users_create").scrollIntoViewIfNeeded();
    await picture(page, `docs-${name}-operation`);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wider <= 0, `${wider} px wider than the screen`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test(`on a ${name} a call is tried with a pasted token`, async () => {
    const { page, complaints } = await open(viewport);
    await page.getByRole("button", { name: "Authorize" }).click();
    await giveToken(page, () => picture(page, `docs-${name}-authorize`));
    await page.locator(".modal-ux-header .close-modal").click();

    await goDown(page, "operations-service-user_get");
    const operation = page.locator("#operations-service-user_get");
    await operation.locator(".opblock-summary-control").click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const answer = operation.locator(".live-responses-table");
    await answer.waitFor();
    const said = await answer.innerText();
    await answer.scrollIntoViewIfNeeded();
    await picture(page, `docs-${name}-tried`);
    assert.match(said, /\b200\b/);
    assert.match(said, /"email": "operator"/);
    assert.match(said, /x-request-id/);
    assert.deepEqual(complaints, []);
    await page.close();
  });
}

test("the page keeps no token", async () => {
  const { page } = await open(DESKTOP);
  await page.getByRole("button", { name: "Authorize" }).click();
  await giveToken(page);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!kept.includes(tenantry.operatorToken), kept);
  await page.close();
});
