// The table: every page, its path, where it stands in the navigation and which key goes there. The router, the navigation, the palette
// and the sheet of keys are made from it, so a page that is not in it does not exist.

import type { Component } from "svelte";
import type { IconName } from "./parts/icons";
import { BASE, find, type Found } from "./rules/paths";
import { pages } from "./texts/en";

export interface Route {
  /** Below /console; what stands in braces is given to the page. */
  path: string;
  /** What the page is called, in the title of the window and in the navigation. */
  title: string;
  /** Loaded when somebody goes there. */
  page: () => Promise<{ default: Component<{ inBraces: Record<string, string> }> | Component }>;
  /** Which part of the navigation it stands in; a page within another names that one's path instead. */
  in: "start" | "organization" | "project" | "foot" | `/${string}` | null;
  icon?: IconName;
  /** After `g`. */
  key?: string;
  /** Whether somebody who is not signed in may see it. */
  open?: boolean;
  /** What the page asks for first where its URL has no query, so that it can be asked for before the page's script has come. */
  ahead?: readonly string[];
}

/** What the frame asks for around every page of a project, likewise. */
export const OF_A_PROJECT = ["/v2.1/projects?limit=1000", "/v2.1/projects/{p}/permissions/mine"];

export const ROUTES: readonly Route[] = [
  { path: "/sign-in", title: pages.signIn, page: () => import("./pages/SignIn.svelte"), in: null, open: true },
  { path: "/", title: pages.start, page: () => import("./pages/Start.svelte"), in: "start", icon: "home", key: "h" },
  {
    path: "/o/{o}",
    title: pages.organization,
    page: () => import("./pages/organization/Organization.svelte"),
    in: "organization",
    icon: "organization",
    key: "o",
  },
  {
    path: "/o/{o}/members",
    title: pages.members,
    page: () => import("./pages/organization/Members.svelte"),
    in: "organization",
    icon: "people",
    key: "m",
  },
  {
    path: "/o/{o}/usage",
    title: pages.usage,
    page: () => import("./pages/organization/Usage.svelte"),
    in: "organization",
    icon: "usage",
    key: "u",
  },
  { path: "/o/{o}/plan", title: pages.plan, page: () => import("./pages/organization/Plan.svelte"), in: "organization", icon: "plan" },
  {
    path: "/o/{o}/audit",
    title: pages.audit,
    page: () => import("./pages/organization/Audit.svelte"),
    in: "organization",
    icon: "audit",
    key: "t",
  },
  {
    path: "/p/{p}",
    title: pages.project,
    page: () => import("./pages/project/Project.svelte"),
    in: "project",
    icon: "project",
    key: "p",
    ahead: [
      "/v2.1/projects/{p}",
      "/v2.1/projects/{p}/resources",
      "/v2.1/projects/{p}/usage?interval=day",
      "/v2.1/projects/{p}/service-users?attention=true&limit=20",
      "/v2.1/projects/{p}/quotas",
    ],
  },
  {
    path: "/p/{p}/deployments",
    title: pages.deployments,
    page: () => import("./pages/project/Deployments.svelte"),
    in: "project",
    icon: "deployment",
    key: "d",
  },
  {
    path: "/p/{p}/deployments/{d}",
    title: pages.deployment,
    page: () => import("./pages/project/Deployment.svelte"),
    in: "/p/{p}/deployments",
  },
  {
    path: "/p/{p}/deployments/{d}/{v}",
    title: pages.version,
    page: () => import("./pages/project/Version.svelte"),
    in: "/p/{p}/deployments",
  },
  { path: "/p/{p}/try/{d}", title: pages.try, page: () => import("./pages/project/Try.svelte"), in: "/p/{p}/deployments" },
  {
    path: "/p/{p}/requests",
    title: pages.requests,
    page: () => import("./pages/project/Requests.svelte"),
    in: "project",
    icon: "request",
    key: "r",
  },
  {
    path: "/p/{p}/requests/{d}/{v}/{id}",
    title: pages.request,
    page: () => import("./pages/project/Request.svelte"),
    in: "/p/{p}/requests",
  },
  {
    path: "/p/{p}/service-users",
    title: pages.serviceUsers,
    page: () => import("./pages/project/ServiceUsers.svelte"),
    in: "project",
    icon: "key",
    key: "s",
    ahead: ["/v2.1/projects/{p}/service-users?limit=51"],
  },
  {
    path: "/p/{p}/service-users/{id}",
    title: pages.serviceUser,
    page: () => import("./pages/project/ServiceUser.svelte"),
    in: "/p/{p}/service-users",
  },
  {
    path: "/p/{p}/access",
    title: pages.access,
    page: () => import("./pages/project/Access.svelte"),
    in: "project",
    icon: "access",
    key: "a",
  },
  { path: "/p/{p}/roles", title: pages.roles, page: () => import("./pages/project/Roles.svelte"), in: "project", icon: "role" },
  { path: "/p/{p}/roles/{r}", title: pages.role, page: () => import("./pages/project/Role.svelte"), in: "/p/{p}/roles" },
  { path: "/p/{p}/why", title: pages.why, page: () => import("./pages/project/Why.svelte"), in: "project", icon: "why" },
  { path: "/p/{p}/origins", title: pages.origins, page: () => import("./pages/project/Origins.svelte"), in: "project", icon: "origin" },
  { path: "/p/{p}/usage", title: pages.usage, page: () => import("./pages/project/Usage.svelte"), in: "project", icon: "usage", key: "u" },
  {
    path: "/p/{p}/workspaces",
    title: pages.workspaces,
    page: () => import("./pages/project/Workspaces.svelte"),
    in: "project",
    icon: "workspace",
  },
  { path: "/p/{p}/audit", title: pages.audit, page: () => import("./pages/project/Audit.svelte"), in: "project", icon: "audit", key: "t" },
  {
    path: "/p/{p}/settings",
    title: pages.settings,
    page: () => import("./pages/project/Settings.svelte"),
    in: "project",
    icon: "settings",
  },
  {
    path: "/operator",
    title: pages.operator,
    page: () => import("./pages/operator/People.svelte"),
    in: "foot",
    icon: "operator",
    open: true,
  },
  {
    path: "/operator/organizations",
    title: pages.operator,
    page: () => import("./pages/operator/Organizations.svelte"),
    in: "/operator",
    open: true,
  },
  { path: "/operator/plans", title: pages.operator, page: () => import("./pages/operator/Plans.svelte"), in: "/operator", open: true },
  {
    path: "/operator/vouchers",
    title: pages.operator,
    page: () => import("./pages/operator/Vouchers.svelte"),
    in: "/operator",
    open: true,
  },
  { path: "/operator/prices", title: pages.operator, page: () => import("./pages/operator/Prices.svelte"), in: "/operator", open: true },
  { path: "/operator/audit", title: pages.operator, page: () => import("./pages/operator/Audit.svelte"), in: "/operator", open: true },
  { path: "/me", title: pages.me, page: () => import("./pages/me/Me.svelte"), in: "foot", icon: "person" },
];

/** The path below the console of the page that is open, as it is written. */
export const pathHere = (): string => location.pathname.slice(BASE.length) || "/";

/** The row of that page, and what stands in its braces. */
export const here = (): Found<Route> | null => find(ROUTES, pathHere());
