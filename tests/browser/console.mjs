// What the tests of the console share: an installation with somebody in each position, and a browser in which they sign in.

import { readFile } from "node:fs/promises";
import { EventEmitter, once } from "node:events";
import path from "node:path";
import { listen } from "../support/listen.mjs";
import { startTenantry } from "../support/serve.mjs";
import { launch } from "./chromium.mjs";

const AXE = await readFile(path.join(import.meta.dirname, "../../node_modules/axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const DESKTOP = { width: 1280, height: 900 };

/**
 * Starts everything, with an organization `acme` of Ada's, in which Bob is a member who may look at the project `vision`, and with
 * Grace, who has nothing yet.
 */
export async function startConsole() {
  const held = new EventEmitter();
  const upstream = await listen(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { x } = JSON.parse(Buffer.concat(chunks).toString());
    if (request.url !== "/stream") return response.setHeader("content-type", "application/json").end(JSON.stringify({ y: 2 * x }));
    response.setHeader("content-type", "text/event-stream");
    for (let at = 0; at < x; at++) {
      response.write(`data: ${JSON.stringify({ y: at })}\n\n`);
      if (at === 0) await once(held, "release");
    }
    response.end();
  });
  const [tenantry, browser] = await Promise.all([startTenantry({ vars: { ALLOW_LOOPBACK_UPSTREAMS: "true" } }), launch()]);
  const world = new World(tenantry, browser, upstream, () => held.emit("release"));
  await world.fill();
  return world;
}

class World {
  /** Each person, by the name that tests give them. */
  people = {};

  /** @param {() => void} release lets go on what the upstream streams, each time after its first piece */
  constructor(tenantry, browser, upstream, release) {
    this.tenantry = tenantry;
    this.browser = browser;
    this.upstream = upstream;
    this.release = release;
    this.url = tenantry.url;
  }

  async stop() {
    await this.browser.close();
    this.upstream.stop();
    await this.tenantry.stop();
  }

  /** One call from outside of any browser, which must succeed; as the operator unless a token says otherwise. */
  async call(method, path, body, token = this.tenantry.operatorToken) {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Token ${token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  async person(name) {
    this.people[name] = await this.call("POST", "/operator/v1/users", { email: `${name}@example.com`, name: name[0].toUpperCase() + name.slice(1) });
    return this.people[name];
  }

  async fill() {
    const address = this.upstream.url;
    for (const name of ["ada", "bob", "grace"]) await this.person(name);
    await this.call("PUT", "/operator/v1/instance-types/1gb", { credits_per_hour: 3.6 });
    await this.call("POST", "/v2.1/organizations", { name: "acme", subscription: "free", admin_email: "ada@example.com" });
    await this.call("POST", "/v2.1/organizations/acme/users", { email: "bob@example.com" });
    for (const name of ["vision", "empty"]) await this.call("POST", "/v2.1/projects", { name, organization_name: "acme", labels: { team: name } });
    const vision = "/v2.1/projects/vision";
    await this.call("PATCH", vision, { cors_origins: ["https://admin.example.com"], advanced_permissions: true });
    await this.call("POST", `${vision}/deployments`, {
      name: "double",
      description: "Twice what it is given",
      input_type: "structured",
      output_type: "structured",
      input_fields: [{ name: "x", data_type: "int" }],
      output_fields: [{ name: "y", data_type: "int" }],
    });
    for (const [version, at] of [["v1", "/predict"], ["v2", "/stream"]]) {
      await this.call("POST", `${vision}/deployments/double/versions`, { version });
      await this.call("PUT", `${vision}/deployments/double/versions/${version}/upstream`, { upstream_url: address + at, instance_type: "1gb" });
    }
    await this.call("POST", `${vision}/deployments/double/versions`, { version: "v3" });
    await this.call("POST", `${vision}/environment-variables`, { name: "REGION", value: "north" });
    await this.call("POST", `${vision}/roles`, { name: "requester", permissions: ["deployments.requests.create"] });
    this.robot = await this.call("POST", `${vision}/service-users`, { name: "robot", description: "Calls at night", allowed_cors_origins: ["https://app.example.com"] });
    await this.call("POST", `${vision}/role-assignments`, { role: "deployment-request-user", assignee: this.robot.id });
    await this.call("PUT", `${vision}/service-users/${this.robot.id}/token?grace=0`).then(({ token }) => (this.robot.token = token));
    await this.call("POST", `${vision}/service-users`, { name: "old", expiry_date: new Date(Date.now() + 5 * 86_400_000).toISOString() });
    await this.call("POST", `${vision}/users`, { user_id: this.people.bob.id });
    await this.call("POST", `${vision}/role-assignments`, { role: "project-viewer", assignee: this.people.bob.id });
    this.request = await this.call("POST", `${vision}/deployments/double/requests`, { x: 21 }, this.robot.token);
    await this.call("POST", "/operator/v1/usage-events", [
      { id: "1", project: "vision", object_type: "deployment_version", object_name: "double", version: "v1", metric: "credits", value: 1.5, timestamp: new Date().toISOString() },
    ]);
    await this.call("POST", "/operator/v1/vouchers", { code: "WELCOME", description: "For new customers", credits: 10 });
  }

  /** A sign-in link for somebody, as the operator makes it. */
  async link(name) {
    return (await this.call("POST", `/operator/v1/users/${this.people[name].id}/sign-in-link`, { hours: 1 })).link;
  }

  /** Signs in on a page, by a link that the operator has made. The one place where the tests do so. */
  async signIn(page, name) {
    await page.goto(await this.link(name));
    await page.getByRole("button", { name: `Sign in as ${name}@example.com` }).click();
    await page.getByRole("navigation", { name: "Navigation" }).waitFor();
  }

  /**
   * A page of a browser of its own, in which somebody is signed in; nobody, where no name is given.
   *
   * @returns {Promise<import("playwright-core").Page & {complaints: string[]}>} `complaints` gathers errors of scripts and of the
   *   console, violations of the policy and calls to elsewhere
   */
  async page(name = null, options = {}) {
    const context = await this.browser.newContext({ viewport: DESKTOP, storageState: name ? await this.#signedIn(name) : undefined, ...options });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: this.url });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.complaints = [];
    // A refused call is no fault of the page; Chromium reports it all the same.
    page.on("console", (message) => message.type() === "error" && !/^Failed to load resource/.test(message.text()) && page.complaints.push(message.text()));
    page.on("pageerror", (error) => page.complaints.push(error.stack ?? String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (!["data:", "blob:"].includes(url.protocol) && url.origin !== this.url) page.complaints.push(`asked ${url}`);
    });
    await page.exposeFunction("complain", (text) => page.complaints.push(text));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => window.complain(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          if (!entry.hadRecentInput) window.shifts.push({ value: entry.value, sources: entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? node?.nodeName) });
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    return page;
  }

  #states = {};
  // One sign-in for all tests of a person.
  async #signedIn(name) {
    if (!this.#states[name]) {
      const context = await this.browser.newContext();
      await this.signIn(await context.newPage(), name);
      this.#states[name] = await context.storageState();
      await context.close();
    }
    return this.#states[name];
  }
  forgetSignIn(name) {
    delete this.#states[name];
  }

  /** Goes to a page of the console and waits until it has come to rest. */
  async go(page, path) {
    await page.goto(`${this.url}/console${path}`);
    await this.rest(page);
  }

  /** Until nothing is loading. */
  async rest(page) {
    await page.locator("main h1").first().waitFor();
    await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"], .progress'));
  }
}

/** What axe has to say about a page, a line each. */
export async function faults(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (rules) => {
    const { violations } = await window.axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")} ${failureSummary?.split("\n").slice(1).join(" ")}`));
  }, RULES);
}

/** All places in which a page could leave something: whether one of them holds a text. */
export async function leftIn(page, secret) {
  const places = await page.evaluate(() => ({
    document: document.documentElement.outerHTML,
    fields: [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input, textarea"))].map(({ value }) => value).join("\n"),
    url: location.href,
    history: JSON.stringify(history.state),
    title: document.title,
    local: JSON.stringify({ ...localStorage }),
    session: JSON.stringify({ ...sessionStorage }),
    cookie: document.cookie,
  }));
  return Object.entries(places).filter(([, text]) => text?.includes(secret)).map(([place]) => place);
}
