// What people wait for in the console: the page of a project with a thousand service users, opened by its URL in a real Chromium, as a
// first view (nothing in the browser's cache) and again, with the machine's own speed and with a processor four times as slow.

import { cp } from "node:fs/promises";
import { startTenantry } from "../tests/support/serve.mjs";
import { launch } from "../tests/browser/chromium.mjs";
import { median } from "./load.mjs";
import { PROJECT, asker, fill } from "./world.mjs";

const MANY = 1000;
/** How long a tab is left alone before it is sent to a page, and when it is asked what it saw there, in milliseconds. */
const SETTLED = 500;
const LOOKED_AT = 2500;
const PAGES = [
  ["project", `/console/p/${PROJECT}`],
  ["service users", `/console/p/${PROJECT}/service-users`],
  ["service users, by last use", `/console/p/${PROJECT}/service-users?sort=-last_used`],
  ["service users, found", `/console/p/${PROJECT}/service-users?q=number+99`],
];

/** In the page, from its beginning: looks at each frame that is drawn, so that nothing of ours runs in between. */
function watch() {
  const seen = (window.measured = { content: 0, largest: 0, blocked: 0 });
  new PerformanceObserver((list) => (seen.largest = list.getEntries().at(-1).startTime)).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.blocked += Math.max(0, duration - 50);
  }).observe({ type: "longtask", buffered: true });
  // It has its content with its heading, a card, and no blank line in the place of anything.
  const has = (selector) => document.querySelector(selector) !== null;
  const look = () => {
    if (has("h1") && has("main .card") && !has("main [aria-busy], main .blank")) seen.content = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** @returns {Promise<object[]>} a row for each page, speed and view; nothing without a Chromium */
export async function measureConsole({ scratch, world, vars, rounds, say }) {
  const stateDir = `${scratch}/console`;
  await cp(world.stateDir, stateDir, { recursive: true });
  let browser;
  try {
    browser = await launch();
  } catch (error) {
    say(`the console was not measured: ${String(error).split("\n")[0]} (CHROMIUM_BIN names one)`);
    return [];
  }
  // Somebody of the world serves nothing while it is filled.
  fill(`${stateDir}${world.d1File.slice(world.stateDir.length)}`, MANY - 1);
  const tenantry = await startTenantry({ stateDir, logFile: null, vars });
  const rows = [];
  try {
    const ask = asker(tenantry.url);
    const [{ id }] = await ask(tenantry.operatorToken, "GET", "/operator/v1/users?email=admin@example.com");
    const sign = async (page) => {
      const { link } = await ask(tenantry.operatorToken, "POST", `/operator/v1/users/${id}/sign-in-link`, { hours: 1 });
      await page.goto(link);
      await page.getByRole("button", { name: "Sign in as admin@example.com" }).click();
      await page.getByRole("navigation", { name: "Navigation" }).waitFor();
    };
    const signed = await browser.newContext();
    await sign(await signed.newPage());
    const storageState = await signed.storageState();
    for (const slower of [1, 4]) {
      for (const [page, path] of PAGES) {
        const first = [];
        const again = [];
        for (let round = 0; round < rounds; round++) {
          say(`console: ${page}, ${slower} times as slow, round ${round + 1} of ${rounds}`);
          const context = await browser.newContext({ storageState });
          first.push(await view(context, tenantry.url + path, slower));
          again.push(await view(context, tenantry.url + path, slower));
          await context.close();
        }
        for (const [view, list] of Object.entries({ first, again })) {
          const middle = (name) => median(list.map((one) => one[name]));
          rows.push({ page, slower, view, content: middle("content"), largest: middle("largest"), blocked: middle("blocked"), requests: middle("requests"), bytes: middle("bytes") });
        }
      }
    }
  } finally {
    await browser.close();
    await tenantry.stop();
  }
  return rows;
}

/** Opens a page in a tab of its own. Times in milliseconds since its navigation began. */
async function view(context, url, slower) {
  const page = await context.newPage();
  const protocol = await context.newCDPSession(page);
  await protocol.send("Emulation.setCPUThrottlingRate", { rate: slower });
  await protocol.send("Network.enable");
  let bytes = 0;
  let requests = 0;
  protocol.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests += 1;
  });
  await page.addInitScript(watch);
  // A browser that is open has nothing of its own left to begin with.
  await page.waitForTimeout(SETTLED);
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForTimeout(LOOKED_AT * slower);
  const { content, largest, blocked } = await page.evaluate(() => window.measured);
  if (content === 0) throw new Error(`${url} had no content after ${LOOKED_AT * slower} ms`);
  await page.close();
  return { content, largest, blocked, requests, bytes };
}
