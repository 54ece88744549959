// What the console says in more than one place, in English. What a single page says about its own matter stands in that page.

/** Made when it is first needed: each takes a browser a millisecond or more, and a first view needs two or three. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
const dates = once(() => new Intl.DateTimeFormat("en", { dateStyle: "medium" }));
const times = once(() => new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }));
const precise = once(() => new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" }));
const exact = once(() => new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long" }));
const spans = once(() => new Intl.RelativeTimeFormat("en", { numeric: "auto" }));
const numbers = once(() => new Intl.NumberFormat("en", { maximumFractionDigits: 6 }));
const rounded = once(() => new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }));
const shares = once(() => new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 }));

export const pages = {
  signIn: "Sign in",
  start: "Start",
  organization: "Overview",
  members: "Members",
  usage: "Usage",
  plan: "Plan",
  audit: "Audit",
  project: "Overview",
  deployments: "Deployments",
  deployment: "Deployment",
  version: "Version",
  try: "Try a request",
  requests: "Requests",
  request: "Request",
  serviceUsers: "Service users",
  serviceUser: "Service user",
  origins: "Origins",
  access: "Access",
  roles: "Roles",
  role: "Role",
  why: "Why can they?",
  workspaces: "Workspaces",
  settings: "Settings",
  me: "You",
  operator: "Operator",
};

export const says = {
  skip: "Skip to the content",
  loading: "Loading",
  again: "Try again",
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  undo: "Undo",
  save: "Save",
  saved: "Saved",
  never: "never",
  navigation: "Navigation",
  search: "Search or go to",
  requestId: "Request id",
  offline: "There is no connection. What is shown stays; changes have to wait.",
  notThere: "This is not there, or not yours",
  notThereMore: "The name may have changed, or you may have no part in it. Names are compared exactly.",
  notFetched: "This page could not be fetched",
  forbidden: "You may not see this",
  unknown: "Whether this was done is not known. Look at what is there before you do it again.",
  sessionEnded: "Your session has ended. Sign in again; what you have typed is still here.",
  sessionFresh: "What you are about to do outlives this session, so it takes a sign-in of the last 15 minutes.",
};

/** "1,000", "0.5". A small whole number is written as it is: a first view has no others, and so is spared the browser's tables. */
export const number = (value: number): string => (Number.isInteger(value) && Math.abs(value) < 1000 ? `${value}` : numbers().format(value));
export const share = (value: number): string => shares().format(value);
export const day = (iso: string): string => dates().format(new Date(iso));
export const time = (iso: string): string => times().format(new Date(iso));
export const timeWithSeconds = (iso: string): string => precise().format(new Date(iso));
export const exactly = (iso: string): string => exact().format(new Date(iso));

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** "Nov 3", of a day in UTC. */
export function dayOfMonth(iso: string): string {
  const date = new Date(iso);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}`;
}
/** "Nov 2026", of a month in UTC. */
export function month(iso: string): string {
  const date = new Date(iso);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** "1 project", "3 projects". */
export function count(amount: number, one: string, other = `${one}s`): string {
  return `${number(amount)} ${amount === 1 ? one : other}`;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** "3 days ago", "in 2 hours". */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return spans().format(Math.trunc(seconds / length), unit);
  }
  return seconds > 0 ? "in less than a minute" : "just now";
}

/** "812 of 1,000 (81 %)". */
export function used(amount: number, limit: number | null): string {
  if (limit === null) return `${number(amount)}, unlimited`;
  return limit === 0 ? `${number(amount)} of 0` : `${number(amount)} of ${number(limit)} (${share(amount / limit)})`;
}

export function bytes(amount: number): string {
  if (amount < 1000) return count(amount, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let value = amount;
  let unit = "bytes";
  while (value >= 1000 && units.length > 0) {
    value /= 1000;
    unit = units.shift() ?? unit;
  }
  return `${rounded().format(value)} ${unit}`;
}

export function lasted(milliseconds: number): string {
  if (milliseconds < 1000) return `${number(Math.round(milliseconds))} ms`;
  if (milliseconds < 120_000) return `${number(Math.round(milliseconds / 100) / 10)} s`;
  return `${number(Math.round(milliseconds / 6000) / 10)} min`;
}
