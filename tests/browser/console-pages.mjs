// The table of the console's pages as they are tested: a row a page and state. A new page is covered by a row.

/**
 * @typedef {object} Row
 * @property {string} name what the test is called
 * @property {string} path below /console; `{robot}` and `{request}` are ids of the world
 * @property {string | RegExp} heading of the page
 * @property {string | null} [as] who looks; Ada, an admin, where it is absent, nobody where it is null
 * @property {string[]} [dialogs] names of buttons that open a dialog, each tried
 * @property {(page: import("playwright-core").Page, world: object) => Promise<void>} [then] what is done before looking
 * @property {boolean} [still] nothing is asked of the server, so there is no loading and no error
 */

const unlock = async (page, world) => {
  await page.getByLabel("The operator's token").fill(world.tenantry.operatorToken);
  await page.getByRole("button", { name: "Unlock" }).click();
  await page.getByRole("button", { name: "Lock" }).waitFor();
  await world.rest(page);
};

/** @type {Row[]} */
export const PAGES = [
  { name: "sign in", path: "/sign-in", heading: "Sign in to Tenantry", as: null, still: true },
  { name: "start, with everything before one", path: "/", heading: "Hello, Grace", as: "grace", dialogs: ["New organization"] },
  { name: "start", path: "/?stay=1", heading: "Hello, Ada", dialogs: ["New project"] },
  { name: "organization", path: "/o/acme", heading: "acme", dialogs: ["Rename", "New project"] },
  { name: "organization, as a member", path: "/o/acme", heading: "acme", as: "bob" },
  { name: "members", path: "/o/acme/members", heading: "Members", dialogs: ["Invite", "Remove bob@example.com", "Make member ada@example.com"] },
  { name: "usage of an organization", path: "/o/acme/usage", heading: "Usage" },
  { name: "usage of an organization, none", path: "/o/acme/usage?from=2020-01-01&to=2020-02-01", heading: "Usage" },
  { name: "plan", path: "/o/acme/plan", heading: "Plan" },
  { name: "audit of an organization", path: "/o/acme/audit", heading: "Audit", then: (page) => page.locator("main button.name").first().click() },
  { name: "audit of an organization, forbidden", path: "/o/acme/audit", heading: "Audit", as: "bob" },
  { name: "project", path: "/p/vision", heading: "vision" },
  { name: "project, of somebody else", path: "/p/vision", heading: "vision", as: "grace" },
  { name: "project, empty", path: "/p/empty", heading: "empty" },
  { name: "deployments", path: "/p/vision/deployments", heading: "Deployments", dialogs: ["New deployment", "New variable", "Delete REGION"] },
  { name: "deployments, none", path: "/p/empty/deployments", heading: "Deployments" },
  { name: "deployment", path: "/p/vision/deployments/double", heading: "double", dialogs: ["New version", "Edit", "Delete"] },
  { name: "deployment, looked at", path: "/p/vision/deployments/double", heading: "double", as: "bob" },
  { name: "version", path: "/p/vision/deployments/double/v1", heading: "v1", dialogs: ["Change", "New secret", "Edit", "Take it away"] },
  { name: "version without an upstream", path: "/p/vision/deployments/double/v3", heading: "v3", dialogs: ["Set the upstream"] },
  { name: "try a request", path: "/p/vision/try/double", heading: "Try double" },
  { name: "requests", path: "/p/vision/requests", heading: "Requests" },
  { name: "requests, none", path: "/p/empty/requests", heading: "Requests" },
  { name: "request", path: "/p/vision/requests/double/v1/{request}", heading: "Request" },
  { name: "service users", path: "/p/vision/service-users", heading: "Service users", dialogs: ["New service user", "New token for robot"] },
  { name: "service users, none", path: "/p/empty/service-users", heading: "Service users" },
  { name: "service user", path: "/p/vision/service-users/{robot}", heading: "robot", dialogs: ["Edit", "New token", "Give a role", "Delete"] },
  { name: "access", path: "/p/vision/access", heading: "Access", dialogs: ["Give a role", "Add a person"] },
  { name: "access by role", path: "/p/vision/access?by=role", heading: "Access" },
  { name: "roles", path: "/p/vision/roles", heading: "Roles", dialogs: ["New role"] },
  { name: "role", path: "/p/vision/roles/requester", heading: "requester", dialogs: ["Delete"] },
  { name: "role of everybody", path: "/p/vision/roles/project-viewer", heading: "project-viewer" },
  { name: "why", path: "/p/vision/why?who={robot}&permission=deployments.delete", heading: "Why can they?" },
  { name: "origins", path: "/p/vision/origins", heading: "Origins" },
  { name: "usage of a project", path: "/p/vision/usage", heading: "Usage", then: (page) => page.getByText("The figures as a table").click() },
  { name: "workspaces", path: "/p/vision/workspaces", heading: "Workspaces" },
  { name: "audit of a project", path: "/p/vision/audit", heading: "Audit" },
  { name: "settings", path: "/p/vision/settings", heading: "Settings", dialogs: ["Suspend", "Delete"] },
  { name: "you", path: "/me", heading: "You", dialogs: ["Make a token", "End all"] },
  { name: "operator, locked", path: "/operator", heading: "People", as: null, still: true },
  { name: "people", path: "/operator", heading: "People", as: null, still: true, then: unlock, dialogs: ["New person", "Sign-in link for bob@example.com", "Delete bob@example.com"] },
  { name: "organizations", path: "/operator/organizations", heading: "Organizations", as: null, still: true, then: unlock, dialogs: ["Change the plan of acme"] },
  { name: "plans", path: "/operator/plans", heading: "Plans", as: null, still: true, then: unlock, dialogs: ["New plan"] },
  { name: "prices", path: "/operator/prices", heading: "Prices and quotas", as: null, still: true, then: unlock, dialogs: ["New price", "New resource"] },
  { name: "vouchers", path: "/operator/vouchers", heading: "Vouchers", as: null, still: true, then: unlock, dialogs: ["New voucher"] },
  { name: "audit of everything", path: "/operator/audit", heading: "Audit", as: null, still: true, then: unlock },
  { name: "no page", path: "/nowhere/at/all", heading: "This is not there, or not yours", still: true },
];
