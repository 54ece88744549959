// Pages of other sites, in the very browser in which somebody is signed in: whatever they send, nothing comes of it, and they read nothing.
//
// One attacker is another site (`localhost`, where the console is on `127.0.0.1`), one is another origin of the same site (another
// port), to which a cookie with SameSite alone would be sent.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { until } from "../support/until.mjs";
import { startConsole } from "./console.mjs";

let world;
let site;

before(async () => {
  world = await startConsole();
  site = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>Elsewhere</title><p>Elsewhere"));
  await once(site.listen(0), "listening");
});
after(async () => {
  site?.close().closeAllConnections();
  await world?.stop();
});

/** What a forger would like: changes, a session of their own in somebody's browser, an end to somebody's session. */
const wanted = () => [
  ["POST", "/v2.1/projects/vision/service-users", { name: "forged" }],
  ["POST", "/v2.1/organizations/acme/users", { email: "forger@example.com", admin: true }],
  ["PATCH", "/v2.1/projects/vision", { cors_origins: ["https://forger.example"] }],
  ["PUT", `/v2.1/projects/vision/service-users/${world.robot.id}/token`, null],
  ["DELETE", "/v2.1/projects/empty", null],
  ["POST", "/session", { token: world.people.grace.token }],
  ["POST", "/session/link", {}],
  ["PUT", "/session/token", null],
  ["DELETE", "/session", null],
  ["DELETE", "/session?everywhere=true", null],
  ["POST", `/operator/v1/users/${world.people.grace.id}/sign-in-link`, { hours: 1 }],
];

/** Every way in which a page sends something to another origin without being asked. Answers what it could read. */
async function forge({ url, wanted }) {
  const read = [];
  const pause = () => new Promise((done) => setTimeout(done, 20));
  for (const [method, path, body] of wanted) {
    const text = body === null ? undefined : JSON.stringify(body);
    for (const credentials of ["include", "omit"]) {
      for (const [mode, type] of [["cors", "application/json"], ["cors", "text/plain"], ["no-cors", "text/plain"]]) {
        /** @type {any} */
        const init = { method: mode === "no-cors" ? "POST" : method, mode, credentials, body: text, headers: { "content-type": type }, keepalive: true };
        try {
          const response = await fetch(url + path, init);
          if (response.type !== "opaque") read.push(`${method} ${path}: ${response.status}`);
        } catch {
          // As it should be.
        }
      }
    }
    navigator.sendBeacon(url + path, new Blob([text ?? ""], { type: "text/plain" }));
    // A form is sent with a navigation, which no preflight goes before. Its one field makes JSON of what text/plain sends.
    for (const kind of ["text/plain", "application/x-www-form-urlencoded"]) {
      const frame = Object.assign(document.createElement("iframe"), { name: `frame${Math.random()}` });
      const form = Object.assign(document.createElement("form"), { action: url + path, method: "POST", enctype: kind, target: frame.name });
      const field = Object.assign(document.createElement("input"), { name: (text ?? "{}").replace(/\}$/, `${text && text !== "{}" ? "," : ""}"x":"`), value: '"}' });
      form.append(field);
      document.body.append(frame, form);
      form.submit();
      await pause();
    }
  }
  for (const path of ["/session", "/session/list", "/v2.1/projects/vision/service-users", "/v2.1/user"]) {
    for (const mode of /** @type {const} */ (["cors", "no-cors"])) {
      try {
        const response = await fetch(url + path, { mode, credentials: "include" });
        const body = await response.text();
        if (body) read.push(`GET ${path}: ${body}`);
      } catch {
        // As it should be.
      }
    }
    document.body.append(Object.assign(new Image(), { src: url + path }), Object.assign(document.createElement("script"), { src: url + path }));
  }
  await new Promise((done) => setTimeout(done, 300));
  return read;
}

const trail = async () => (await world.call("GET", "/operator/v1/audit?limit=100")).map(({ id }) => id);
const sessions = async (name) => (await world.call("GET", `/operator/v1/users/${world.people[name].id}/sessions`)).map(({ id }) => id);

for (const [what, host] of [["another site", "localhost"], ["another origin of the same site", "127.0.0.1"]]) {
  test(`of what a page of ${what} forges nothing comes, and it reads nothing`, async () => {
    const victim = await world.page("ada");
    await world.go(victim, "/p/vision");
    const before = { trail: await trail(), ada: await sessions("ada"), grace: await sessions("grace") };
    const page = await victim.context().newPage();
    await page.goto(`http://${host}:${site.address().port}/`);
    const context = await victim.context().cookies(world.url);
    assert.equal(context.length, 1, "Ada is signed in in the browser that the page is open in");
    assert.deepEqual(await page.evaluate(forge, { url: world.url, wanted: wanted() }), []);
    // And with a navigation of the whole page, which the cookie of a laxer site would go along with.
    for (const [, path, body] of wanted().filter(([method]) => method === "POST")) {
      await page.goto(`http://${host}:${site.address().port}/`);
      await page.evaluate(
        ({ action, name }) => {
          const form = Object.assign(document.createElement("form"), { action, method: "POST", enctype: "text/plain" });
          form.append(Object.assign(document.createElement("input"), { name, value: '"}' }));
          document.body.append(form);
          form.submit();
        },
        { action: world.url + path, name: JSON.stringify({ .../** @type {object} */ (body), x: "" }).replace(/"\}$/, "") },
      );
      await page.waitForURL((url) => url.href.startsWith(world.url));
    }
    assert.deepEqual({ trail: await trail(), ada: await sessions("ada"), grace: await sessions("grace") }, before);
    assert.deepEqual(await victim.context().cookies(world.url), context);
    const who = await victim.evaluate(async () => (await fetch("/session")).json());
    assert.equal(who.user.email, "ada@example.com");
    await page.close();
    await victim.context().close();
  });
}

test("the console is shown in no page of others", async () => {
  const victim = await world.page("ada");
  const page = await victim.context().newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  await page.evaluate((src) => document.body.append(Object.assign(document.createElement("iframe"), { src })), `${world.url}/console/p/vision`);
  await page.waitForFunction(() => document.querySelector("iframe").contentDocument === null);
  await until("what is in the frame", () => page.frames().some((frame) => frame !== page.mainFrame() && /^chrome-error:/.test(frame.url())));
  await victim.context().close();
});
