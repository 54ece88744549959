// The README's pictures, of the real console: a project that has been used for three weeks, and a stream while it comes; light and dark.
//
//   make pictures     writes docs/pictures/ anew
//
// What is seen is made up, and made through the API, but for the day on which the subscription began, which lies back.

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { listen } from "../support/listen.mjs";
import { startConsole } from "./console.mjs";

const DAY = 86_400_000;
const DAYS = 21;
const PROJECT = "/v2.1/projects/assistant";
const SAID = ["The ", "parrot ", "sits ", "on ", "the ", "left ", "rail, ", "looks ", "at ", "the ", "harbour ", "and "];
export const SCHEMES = ["light", "dark"];
/** What each picture is of, below the path of the console, how high it is, and what is done before it is taken. */
export const PICTURES = {
  project: { path: "/p/assistant", height: 724 },
  stream: { path: "/p/assistant/try/chat?stream=yes", height: 560, then: startStream },
};

/** Says its words, and that there is more to come for as long as anybody listens. */
async function startUpstream() {
  return await listen(async (request, response) => {
    for await (const _ of request);
    if (request.url !== "/stream") return response.setHeader("Content-Type", "text/plain").end(SAID.join(""));
    response.setHeader("Content-Type", "text/event-stream");
    for (const word of SAID) response.write(`data: ${word}\n\n`);
  });
}

/** An organization's project with a history. */
async function fill(world, upstream) {
  const address = upstream.url;
  await world.tenantry.database.prepare("UPDATE organizations SET subscription_start_date = ?").bind(Date.now() - DAYS * DAY).run();
  await world.call("POST", "/v2.1/projects", { name: "assistant", organization_name: "acme", credits: 1500, labels: { team: "support" } });
  for (const [name, versions] of [["chat", ["v1", "v2"]], ["embed", ["v1"]], ["rerank", ["v1"]]]) {
    await world.call("POST", `${PROJECT}/deployments`, { name, input_type: "plain", output_type: "plain" });
    for (const version of versions) {
      await world.call("POST", `${PROJECT}/deployments/${name}/versions`, { version });
      await world.call("PUT", `${PROJECT}/deployments/${name}/versions/${version}/upstream`, { upstream_url: `${address}/stream`, instance_type: "1gb" });
    }
  }
  const soon = new Date(Date.now() + 5 * DAY).toISOString();
  for (const [name, more] of Object.entries({ "web-app": { allowed_cors_origins: ["https://app.example.com"] }, "nightly-import": { expiry_date: soon } })) {
    const user = await world.call("POST", `${PROJECT}/service-users`, { name, ...more });
    await world.call("POST", `${PROJECT}/role-assignments`, { role: "deployment-request-user", assignee: user.id });
    world.token ??= user.token;
  }
  // More on weekdays, and slowly more.
  const events = Array.from({ length: DAYS + 1 }, (_, day) => {
    const at = new Date(Date.now() - (DAYS - day) * DAY);
    const value = ([0, 6].includes(at.getUTCDay()) ? 14 : 38) + day * 1.5 + ((day * 7) % 5) * 3;
    const of = { project: "assistant", object_type: "deployment_version", object_name: "chat", version: "v1", metric: "credits" };
    return { ...of, id: `day-${day}`, value, timestamp: at.toISOString() };
  });
  await world.call("POST", "/operator/v1/usage-events", events);
}

/** Sends a request on the page, and waits until all but the end of its answer is there. */
async function startStream(page, world) {
  await page.getByLabel("A service user's token, or your own").fill(world.token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.getByLabel("Input", { exact: true }).fill("Tell me about a parrot at sea.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForFunction((said) => document.querySelector('[aria-labelledby="answer"]').textContent.includes(said), SAID.join("\n").trim());
  // The request and its answer, below the bar that stays.
  await page.evaluate(() => scrollBy(0, document.querySelector('[aria-labelledby="what"]').getBoundingClientRect().top - 76));
}

/** Takes all of them into a folder; what the pages complained of meanwhile. */
export async function takePictures(folder) {
  const [world, upstream] = await Promise.all([startConsole(), startUpstream()]);
  const complaints = [];
  try {
    await fill(world, upstream);
    for (const [name, { path: at, height, then }] of Object.entries(PICTURES)) {
      for (const colorScheme of SCHEMES) {
        const page = await world.page("ada", { viewport: { width: 1200, height }, deviceScaleFactor: 1.5, colorScheme, reducedMotion: "reduce" });
        await world.go(page, at);
        await then?.(page, world);
        // Nothing is under it that would look different for that.
        await page.mouse.move(0, 0);
        const png = await page.screenshot();
        if (process.env.SCREENSHOTS) await writeFile(path.join(process.env.SCREENSHOTS, `${name}-${colorScheme}.png`), png);
        await sharp(png).webp({ lossless: true, effort: 6 }).toFile(path.join(folder, `${name}-${colorScheme}.webp`));
        complaints.push(...page.complaints);
        await page.context().close();
      }
    }
  } finally {
    await world.stop();
    upstream.stop();
  }
  return complaints;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const complaints = await takePictures(path.resolve(import.meta.dirname, "../../docs/pictures"));
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
}
