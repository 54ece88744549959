// What people do in the console, in a real browser against the real module: signing in and what ends a session, the first steps by
// keyboard alone, a token that is shown once and left nowhere, two people at one list, a request that is tried.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { until } from "../support/until.mjs";
import { leftIn, startConsole } from "./console.mjs";
import { PAGES } from "./console-pages.mjs";

let world;
before(async () => {
  world = await startConsole();
});
after(() => world?.stop());

const nothingLeft = async (page, secret, what) => assert.deepEqual(await leftIn(page, secret), [], what);
const ended = async (page) => {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
};
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");

test("a sign-in link says for whom it is, works once and is left nowhere", async () => {
  const link = await world.link("ada");
  const secret = link.split("#link=")[1];
  const page = await world.page();
  await page.goto(link);
  const button = page.getByRole("button", { name: "Sign in as ada@example.com" });
  await button.waitFor();
  await nothingLeft(page, secret, "before it is used");
  await button.click();
  await page.getByRole("navigation", { name: "Navigation" }).waitFor();
  await nothingLeft(page, secret, "afterwards");
  assert.equal(await page.evaluate(() => document.cookie), "");

  const other = await world.page();
  await other.goto(link);
  await other.getByRole("alert").waitFor();
  await nothingLeft(other, secret, "in another browser");
  await ended(other);
  await ended(page);
});

test("a token opens a session by pasting and Enter, and is left nowhere", async () => {
  const { token } = await world.person("alan");
  const page = await world.page();
  await world.go(page, "/sign-in");
  const field = page.getByLabel("Your token, or a sign-in link");
  assert.ok(await field.evaluate((element) => element === document.activeElement), "the field has no focus");
  await page.evaluate((text) => navigator.clipboard.writeText(text), token);
  await page.keyboard.press("Control+V");
  assert.equal(await field.inputValue(), token);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Hello, Alan" }).waitFor();
  await nothingLeft(page, token, "after signing in");
  await ended(page);
});

test("a service user's token opens nothing, and the page says where it belongs", async () => {
  const page = await world.page();
  await world.go(page, "/sign-in");
  await page.getByLabel("Your token, or a sign-in link").fill(world.robot.token);
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("alert").innerText(), /service user/);
  await nothingLeft(page, world.robot.token, "after the refusal");
  await ended(page);
});

test("every page has a URL that somebody without a session comes back to after signing in", async () => {
  const page = await world.page();
  for (const row of PAGES.filter((row) => row.as === undefined && !row.still)) {
    const path = row.path.replace("{robot}", world.robot.id).replace("{request}", world.request.id);
    await page.goto(`${world.url}/console${path}`);
    await page.getByRole("heading", { level: 1, name: "Sign in to Tenantry" }).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("next"), `/console${path}`);
  }
  await page.getByLabel("Your token, or a sign-in link").fill(await world.link("ada"));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "You" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/console/me");
  await ended(page);
});

test("a sign-in leads nowhere else, whatever the link says", async () => {
  const page = await world.page();
  await page.goto(`${world.url}/console/sign-in?next=${encodeURIComponent("//evil.example/")}`);
  await page.getByLabel("Your token, or a sign-in link").fill(await world.link("bob"));
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Navigation" }).waitFor();
  assert.equal(new URL(page.url()).origin, world.url);
  await ended(page);
});

test("the first steps are taken by keyboard alone, and the last call works from a shell", async () => {
  const page = await world.page("grace");
  await world.go(page, "/");
  await page.keyboard.press("n");
  await page.keyboard.type("hopper");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "hopper" }).waitFor();
  assert.equal(await focused(page), "hopper", "the heading has the focus after the move");
  await world.rest(page);

  await page.keyboard.press("n");
  await page.keyboard.type("compiler");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "compiler" }).waitFor();
  await world.rest(page);

  const users = page.getByRole("heading", { level: 1, name: "Service users" });
  await until("the service users", async () => {
    // The second key counts for a moment alone, so both may have to be pressed again.
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    return await users.waitFor({ timeout: 5_000 }).then(() => true, () => false);
  });
  await world.rest(page);
  await page.keyboard.press("n");
  await page.getByRole("dialog").waitFor();
  await page.waitForFunction(() => document.querySelectorAll("dialog[open] option").length > 3);
  await page.keyboard.type("cobol");
  await page.keyboard.press("Enter");
  const secret = page.locator("output.secret");
  await secret.waitFor();
  const token = await secret.innerText();
  assert.match(token, /^[0-9a-f]{40}$/);

  // What is there to be pasted runs as it stands.
  const command = await page.getByRole("region", { name: "curl" }).innerText();
  assert.match((await promisify(execFile)("sh", ["-c", command])).stdout, /serviceuser/);

  // Not copied yet: Escape asks once.
  await page.keyboard.press("Escape");
  await page.getByText("This is the only time that it is shown").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Copy", exact: true }).first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.getByRole("link", { name: "cobol" }).waitFor();
  await nothingLeft(page, token, "after the dialog");

  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "cobol" }).waitFor();
  await nothingLeft(page, token, "on the next page");
  await page.keyboard.press("Control+K");
  await page.keyboard.type("acc");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Access" }).waitFor();
  await ended(page);
});

test("the focus is always in sight, below the bar", async () => {
  const page = await world.page("ada");
  await page.setViewportSize({ width: 1280, height: 500 });
  await world.go(page, `/p/vision/service-users/${world.robot.id}`);
  const hidden = [];
  for (let stop = 0; stop < 60; stop++) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const { left, right, top, bottom } = element.getBoundingClientRect();
      const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return element.contains(at) || at?.contains(element) ? null : element.outerHTML.slice(0, 160);
    });
    if (seen) hidden.push(seen);
  }
  assert.deepEqual(hidden, []);
  await ended(page);
});

test("back brings the filter back, and where somebody was", async () => {
  const page = await world.page("ada");
  await world.go(page, "/p/vision/service-users");
  await page.getByLabel("Filter service users").fill("rob");
  await page.getByRole("link", { name: "robot" }).click();
  await page.getByRole("heading", { level: 1, name: "robot" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Service users" }).waitFor();
  assert.equal(new URL(page.url()).search, "?q=rob");
  assert.equal(await page.getByLabel("Filter service users").inputValue(), "rob");
  await ended(page);
});

test("of more service users than a page shows, each is found and each comes in its turn", async () => {
  await world.call("POST", "/v2.1/projects", { name: "crowd", organization_name: "acme" });
  for (let from = 0; from < 60; from += 10) {
    const named = (index) => ({ name: `app-${String(from + index).padStart(2, "0")}` });
    await Promise.all(Array.from({ length: 10 }, (_, index) => world.call("POST", "/v2.1/projects/crowd/service-users", named(index))));
  }
  const page = await world.page("ada");
  const rows = page.locator("tbody tr");
  await world.go(page, "/p/crowd/service-users?sort=-name");
  assert.equal(await rows.count(), 50);
  assert.match(await rows.first().innerText(), /app-59/);
  await page.getByRole("button", { name: "Next 50" }).click();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 10);
  assert.match(await rows.last().innerText(), /app-00/);
  await page.getByRole("searchbox").fill("app-07");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  assert.match(await rows.first().innerText(), /app-07/);
  await ended(page);
});

test("pressing twice makes one", async () => {
  const page = await world.page("ada");
  await world.go(page, "/p/empty/service-users");
  await page.keyboard.press("n");
  await page.getByLabel("Name", { exact: true }).fill("twice");
  await page.getByRole("button", { name: "Create and show its token" }).dblclick();
  await page.locator("output.secret").waitFor();
  const made = await world.call("GET", "/v2.1/projects/empty/service-users");
  assert.equal(made.filter(({ name }) => name === "twice").length, 1);
  await ended(page);
});

test("of two people at one list of origins, the second is told and nothing is lost", async () => {
  const page = await world.page("ada");
  await world.go(page, "/p/empty/origins");
  await page.getByLabel("Origins of the project").last().fill("https://Mine.example.com:443");
  await page.keyboard.press("Enter");
  await page.getByText("https://mine.example.com", { exact: true }).waitFor();
  await world.call("PATCH", "/v2.1/projects/empty", { cors_origins: ["https://theirs.example.com"] });
  await page.getByRole("button", { name: "Save origins" }).click();
  await page.getByText(/Somebody else has changed these origins/).first().waitFor();
  assert.deepEqual((await world.call("GET", "/v2.1/projects/empty")).cors_origins, ["https://theirs.example.com"]);
  await page.getByText("https://theirs.example.com", { exact: true }).waitFor();
  await ended(page);
});

test("a role that was taken away comes back by Undo", async () => {
  const assigned = () => world.call("GET", `/v2.1/projects/vision/role-assignments?assignee=${world.robot.id}`);
  const page = await world.page("ada");
  await world.go(page, `/p/vision/service-users/${world.robot.id}`);
  await page.getByRole("button", { name: /^Take away/ }).click();
  await page.getByText("None, so everything in the project is refused to it.").waitFor();
  // Before anything else is looked at, since it is offered for a while alone.
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "deployment-request-user" }).waitFor();
  assert.equal((await assigned())[0].role, "deployment-request-user");
  await ended(page);
});

test("a new token leaves the old one running for as long as was said, and it is ended from the page", async () => {
  const user = await world.call("POST", "/v2.1/projects/empty/service-users", { name: "turning" });
  const page = await world.page("ada");
  await world.go(page, `/p/empty/service-users/${user.id}`);
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("Keep the old token for").selectOption("3600");
  await page.getByRole("button", { name: "Make a new token" }).click();
  await page.locator("output.secret").waitFor();
  const token = await page.locator("output.secret").innerText();
  assert.ok(await world.call("GET", "/v2.1/user", undefined, user.token));
  await page.getByRole("dialog").getByRole("button", { name: "Copy", exact: true }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  await page.getByText("The token before this one still works").waitFor();
  await page.getByRole("button", { name: "End it now" }).click();
  await page.getByText("The token before this one still works").waitFor({ state: "hidden" });
  await assert.rejects(world.call("GET", "/v2.1/user", undefined, user.token), /401/);
  assert.ok(await world.call("GET", "/v2.1/user", undefined, token));
  await nothingLeft(page, token, "afterwards");
  await ended(page);
});

test("a request is tried with a token that stays in memory, whole and piece by piece", async () => {
  const page = await world.page("ada");
  await world.go(page, "/p/vision/try/double?version=v1");
  await page.getByLabel("A service user's token, or your own").fill(world.robot.token);
  await page.getByRole("button", { name: "Use this token" }).click();
  await page.getByText("this tab keeps in its memory alone").waitFor();
  await nothingLeft(page, world.robot.token, "while it is kept");
  await page.getByLabel("Input, as JSON").fill('{"x": 21}');
  await page.getByRole("button", { name: "Send" }).click();
  assert.match(await page.getByRole("region", { name: "Result" }).innerText(), /"y": 42/);

  await page.getByLabel("Version").selectOption("v2");
  await page.getByLabel("As a stream").check();
  await page.getByLabel("Input, as JSON").fill('{"x": 6}');
  await page.getByRole("button", { name: "Send" }).click();
  const pieces = page.getByRole("region", { name: "Pieces of the stream" });
  await pieces.waitFor();
  const count = async () => (await pieces.innerText()).split("\n").length;
  assert.equal(await count(), 1);
  world.release();
  await page.getByText("completed").waitFor();
  assert.equal(await count(), 6);
  await page.getByRole("link", { name: /^[0-9a-f-]{36}$/ }).click();
  await page.getByRole("heading", { level: 1, name: "Request", exact: true }).waitFor();
  await page.getByRole("heading", { level: 2, name: "What was sent" }).waitFor();
  await nothingLeft(page, world.robot.token, "on the record");
  await ended(page);
});

test("whoever may only look sees what they lack, and why", async () => {
  const page = await world.page("bob");
  await world.go(page, "/p/vision/deployments/double");
  const button = page.getByRole("button", { name: "New version" });
  await page.waitForFunction(() => document.querySelector('main [aria-disabled="true"]'));
  assert.equal(await button.getAttribute("aria-disabled"), "true");
  const reason = await button.evaluate((element) => document.getElementById(element.getAttribute("aria-describedby"))?.textContent);
  assert.match(reason, /deployments\.versions\.create/);
  await button.click({ force: true });
  assert.equal(await page.getByRole("dialog").count(), 0);
  await ended(page);
});

test("a session that was ended elsewhere is opened again over the page, and the page goes on", async () => {
  const { token, id } = await world.person("joan");
  await world.call("POST", "/v2.1/organizations", { name: "clarke", subscription: "free" }, token);
  const page = await world.page("joan");
  await world.go(page, "/o/clarke");
  await world.call("DELETE", `/operator/v1/users/${id}/sessions`);
  await page.getByRole("link", { name: "Members" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Sign in again" });
  await dialog.waitFor();
  await dialog.getByLabel("Your token, or a sign-in link").fill(await world.link("joan"));
  await page.keyboard.press("Enter");
  await page.getByRole("row", { name: /joan@example.com/ }).waitFor();
  await dialog.waitFor({ state: "hidden" });
  assert.equal(new URL(page.url()).pathname, "/console/o/clarke/members");
  world.forgetSignIn("joan");
  await ended(page);
});

test("what outlives a session asks for a fresh one, and then goes on", async () => {
  const page = await world.page("ada");
  await world.go(page, `/p/empty/service-users/${(await world.call("POST", "/v2.1/projects/empty/service-users", { name: "stale" })).id}`);
  let refused = 0;
  await page.route("**/token?*", async (route) => {
    if (refused++ > 0) return route.continue();
    return route.fulfill({ status: 403, json: { error: "sign in again to do this" } });
  });
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByRole("button", { name: "Make a new token" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign in again" });
  await dialog.getByLabel("Your token, or a sign-in link").fill(await world.link("ada"));
  await page.keyboard.press("Enter");
  await page.locator("output.secret").waitFor();
  assert.equal(refused, 2);
  world.forgetSignIn("ada");
  await ended(page);
});

test("what was changed and not saved is not left by a slip", async () => {
  const page = await world.page("ada");
  await world.go(page, "/p/empty/settings");
  await page.getByLabel("Credits a period").fill("5");
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    return asked.length === 1 ? dialog.dismiss() : dialog.accept();
  });
  const away = page.getByRole("navigation", { name: "Navigation" }).getByRole("link", { name: "Audit" });
  await away.click();
  assert.equal(new URL(page.url()).pathname, "/console/p/empty/settings");
  await away.click();
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  assert.equal(asked.length, 2);
  await ended(page);
});

test("a server that cannot tell who is signed in is asked again", async () => {
  const page = await world.page("ada");
  let refused = 0;
  await page.route("**/session", (route) => {
    if (refused++ > 0) return route.continue();
    return route.fulfill({ status: 503, headers: { "retry-after": "1" }, json: { error: "the database cannot be reached" } });
  });
  await page.goto(`${world.url}/console/me`);
  await page.getByText("the database cannot be reached").waitFor();
  await page.getByRole("button", { name: "Try again", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "You" }).waitFor();
  await ended(page);
});

test("signing out leaves no way back in, and nothing that the tab held for whoever was there", async () => {
  await world.person("mary");
  const page = await world.page("mary");
  await world.go(page, "/me");
  await page.evaluate(() => (window.held = "for Mary"));
  await page.getByRole("button", { name: /^Sign out/ }).first().click();
  await page.getByRole("heading", { level: 1, name: "Sign in to Tenantry" }).waitFor();
  await page.waitForFunction(() => window.held === undefined);
  await page.goto(`${world.url}/console/me`);
  await page.getByRole("heading", { level: 1, name: "Sign in to Tenantry" }).waitFor();
  await ended(page);
});

test("a link that is opened by whoever is signed in already is shown, and signs its person in", async () => {
  const page = await world.page();
  await world.signIn(page, "ada");
  await page.goto(await world.link("bob"));
  await page.getByRole("button", { name: "Sign in as bob@example.com" }).click();
  await page.getByRole("heading", { level: 1, name: "Hello, Bob" }).waitFor();
  await ended(page);
});

test("whoever signs in in another tab takes over this one, too", async () => {
  const page = await world.page();
  await world.signIn(page, "ada");
  await world.go(page, "/me");
  await page.locator("main").getByText("ada@example.com").first().waitFor();
  const other = await page.context().newPage();
  await other.goto(await world.link("bob"));
  await other.getByRole("button", { name: "Sign in as bob@example.com" }).click();
  await other.getByRole("heading", { level: 1, name: "Hello, Bob" }).waitFor();
  // Nothing of Ada's stays, and nothing of hers is done as Bob.
  await page.locator("main").getByText("bob@example.com").first().waitFor();
  assert.equal(await page.getByText("ada@example.com").count(), 0);
  await ended(page);
});

test("the operator's token is forgotten on locking and on reload", async () => {
  const page = await world.page();
  await world.go(page, "/operator");
  const unlock = async () => {
    await page.getByLabel("The operator's token").fill(world.tenantry.operatorToken);
    await page.keyboard.press("Enter");
    await page.getByText("ada@example.com").first().waitFor();
  };
  await unlock();
  await nothingLeft(page, world.tenantry.operatorToken, "while it is kept");
  await page.getByRole("button", { name: "Lock" }).click();
  await page.getByLabel("The operator's token").waitFor();
  await unlock();
  await page.reload();
  await page.getByLabel("The operator's token").waitFor();
  await ended(page);
});

test("the first view takes few requests", async () => {
  const page = await world.page("ada");
  const files = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/console")) files.push(pathname);
  });
  await world.go(page, "/?stay=1");
  assert.ok(files.length <= 10, files.join("\n"));
  await ended(page);
});

test("what is asked for ahead of a page is what the page asks for", async () => {
  for (const path of ["/p/vision", "/p/vision/service-users", "/p/vision/deployments"]) {
    const page = await world.page("ada");
    const asked = [];
    page.on("request", (request) => {
      const { pathname } = new URL(request.url());
      if (/^\/(v2\.1|session)\b/.test(pathname)) asked.push(pathname);
    });
    await world.go(page, path);
    // An answer that nobody takes would be one of two of its path.
    assert.deepEqual(asked, [...new Set(asked)], path);
    assert.ok(asked.length > 3, path);
    await ended(page);
  }
});

test("single keys do nothing once they are switched off", async () => {
  const page = await world.page("ada");
  await world.go(page, "/me");
  await page.getByLabel("Single keys do something").uncheck();
  await page.locator("h1").click();
  await page.keyboard.press("?");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await page.getByLabel("Single keys do something").check();
  await page.locator("h1").click();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await ended(page);
});
