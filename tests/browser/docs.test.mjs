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
  // A small machine draws so many operations in half a minute.
  await page.locator("#operations-projects-projects_get").waitFor({ timeout: 120_000 });
  return { page, complaints };
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
    assert.equal(await page.locator(".opblock").count(), operations);
    await picture(page, `docs-${name}`);

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
