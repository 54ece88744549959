// Calls of the API, typed by the document of the API itself: a path as it stands there, what goes into its braces, and the answer.
//
// What is refused is a `Refusal` with the server's own sentence, since no sentence of ours could know more. A call whose session has
// ended, or is not fresh enough for it, waits for the person to sign in and is then made again.

import type { paths } from "./api-types";

type Verb = "get" | "post" | "put" | "patch" | "delete";
type PathOf<V extends Verb> = { [P in keyof paths]: paths[P] extends Record<V, object> ? P : never }[keyof paths];
type Operation<P extends keyof paths, V extends Verb> = paths[P] extends Record<V, infer O> ? O : never;
type Json<R> = R extends { content: { "application/json": infer T } } ? T : never;
type Good<R> = Json<R extends { 201: infer T } ? T : R extends { 200: infer T } ? T : never>;
export type Answer<P extends keyof paths, V extends Verb> = Operation<P, V> extends { responses: infer R } ? Good<R> : never;
type BodyOf<P extends keyof paths, V extends Verb> =
  Operation<P, V> extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;

export type Query = Record<string, string | number | boolean | null | undefined>;
export type InBraces = Record<string, string>;
export interface Options {
  query?: Query;
  signal?: AbortSignal | undefined;
  /** A credential in the place of the session: the operator's, or a service user's. */
  token?: string | undefined;
  /** Whether a 401 is the caller's to look at, and not the end of the session. */
  quiet?: boolean;
}

/** What the server refused, in its words. */
export class Refusal extends Error {
  readonly status: number;
  readonly requestId: string | null;
  /** Seconds after which trying again can help; null where the server did not say. */
  readonly retryAfter: number | null;

  constructor(status: number, sentence: string, requestId: string | null = null, retryAfter: number | null = null) {
    super(sentence);
    this.status = status;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }

  get isForbidden(): boolean {
    return this.status === 403;
  }
  get isMissing(): boolean {
    return this.status === 404;
  }
  /** A change may or may not have been made: read before repeating. */
  get isUnknown(): boolean {
    return this.status === 503 && this.retryAfter === null;
  }
}

const FRESH = "sign in again to do this";

/** Asks the person to sign in; whether they did. Set by the session, which this module must not know. */
let signIn: (why: "ended" | "fresh") => Promise<boolean> = async () => false;
export function whenSignInIsNeeded(ask: typeof signIn): void {
  signIn = ask;
}

/** What this page has asked for, to be shown as commands. Reset with each navigation. */
let asked: { method: string; path: string }[] = [];
export const calls = (): typeof asked => asked;
export function forgetCalls(): void {
  asked = [];
  ahead.clear();
}

/** The path with what its braces stand for, and the query. */
export function fill(template: string, inBraces: InBraces = {}, query: Query = {}): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(inBraces[name] ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

/** One call as it is; everything that is no success is a `Refusal`. */
export async function fetched(method: string, path: string, body: unknown, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (options.token) headers["Authorization"] = `Token ${options.token}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      // A pasted token never travels with a cookie.
      credentials: options.token ? "omit" : "same-origin",
      signal: options.signal ?? null,
      cache: "no-store",
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new Refusal(0, "The server could not be reached.");
  }
  if (response.ok) return response;
  throw await refusalOf(response);
}

/** What was asked for before whoever needs it was there, by path. */
const ahead = new Map<string, Promise<Response>>();

/** Asks for what will be wanted in a moment; the next `get` of the path takes this answer. */
export function askAhead(path: string): void {
  const answer = fetched("GET", path, undefined);
  // Who takes it hears of it.
  answer.catch(() => undefined);
  ahead.set(path, answer);
}

function taken(method: string, path: string): Promise<Response> | undefined {
  const answer = method === "GET" ? ahead.get(path) : undefined;
  if (answer) ahead.delete(path);
  return answer;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const requestId = response.headers.get("X-Request-Id");
  const after = Number(response.headers.get("Retry-After") ?? NaN);
  const text = await response.text().catch(() => "");
  let sentence = `The server answered ${response.status}.`;
  try {
    const body = JSON.parse(text) as { error?: unknown; detail?: unknown; error_msg?: unknown };
    const said = body.detail ?? body.error ?? body.error_msg;
    if (typeof said === "string") sentence = said;
  } catch {
    // Something in between answered, in no JSON of ours.
  }
  return new Refusal(response.status, sentence, requestId, Number.isFinite(after) ? after : null);
}

async function call(method: string, path: string, body: unknown, options: Options): Promise<unknown> {
  if (!options.token) asked.push({ method, path });
  for (let signedIn = false; ; signedIn = true) {
    try {
      const response = await (taken(method, path) ?? fetched(method, path, body, options));
      return response.status === 204 ? undefined : await response.json();
    } catch (refusal) {
      if (signedIn || options.token || options.quiet || !(refusal instanceof Refusal)) throw refusal;
      const why =
        refusal.status === 401 ? "ended" : refusal.status === 403 && refusal.message.toLowerCase().includes(FRESH) ? "fresh" : null;
      if (!why || !(await signIn(why))) throw refusal;
    }
  }
}

export function get<P extends PathOf<"get">>(path: P, inBraces: InBraces = {}, options: Options = {}): Promise<Answer<P, "get">> {
  return call("GET", fill(path, inBraces, options.query), undefined, options) as Promise<Answer<P, "get">>;
}
export function post<P extends PathOf<"post">>(
  path: P,
  inBraces: InBraces,
  body: BodyOf<P, "post">,
  options: Options = {},
): Promise<Answer<P, "post">> {
  return call("POST", fill(path, inBraces, options.query), body, options) as Promise<Answer<P, "post">>;
}
export function put<P extends PathOf<"put">>(
  path: P,
  inBraces: InBraces,
  body: BodyOf<P, "put">,
  options: Options = {},
): Promise<Answer<P, "put">> {
  return call("PUT", fill(path, inBraces, options.query), body, options) as Promise<Answer<P, "put">>;
}
export function patch<P extends PathOf<"patch">>(
  path: P,
  inBraces: InBraces,
  body: BodyOf<P, "patch">,
  options: Options = {},
): Promise<Answer<P, "patch">> {
  return call("PATCH", fill(path, inBraces, options.query), body, options) as Promise<Answer<P, "patch">>;
}
export function remove<P extends PathOf<"delete">>(path: P, inBraces: InBraces, options: Options = {}): Promise<void> {
  return call("DELETE", fill(path, inBraces, options.query), undefined, options) as Promise<void>;
}

/** What the caller may not read, or what is not there, is null, and the page leaves it out. */
export async function ifKnown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (refusal) {
    if (refusal instanceof Refusal && (refusal.isMissing || refusal.isForbidden || refusal.status === 405 || refusal.status === 401))
      return null;
    throw refusal;
  }
}
