// Where the console is: the path decides the page, the query what it shows. Every filter, tab and open row stands in the URL, so that
// whatever somebody sees can be sent to somebody else.

import { tick } from "svelte";
import { forgetCalls } from "./api";
import { BASE } from "./rules/paths";
import { here, pathHere } from "./routes";

class Router {
  /** The path below the console, as it is written. */
  path = $state(pathHere());
  query = $state.raw(new URLSearchParams(location.search));
  at = $state.raw(here());
  /** Whether this page came by a link in the console: then its heading takes the focus. */
  moved = $state(false);
  /** Says whether leaving is all right; set by a page with something unsaved. */
  guard: (() => boolean) | null = null;

  constructor() {
    history.scrollRestoration = "manual";
    window.addEventListener("popstate", (event) => {
      const top = (event.state as { top?: number } | null)?.top ?? 0;
      this.#read(true);
      void restore(top);
    });
    document.addEventListener("click", (event) => {
      const link = (event.target as Element | null)?.closest?.("a[href]");
      if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target || link.hasAttribute("download")) return;
      const url = new URL(link.href);
      if (url.origin !== location.origin || !(url.pathname + "/").startsWith(BASE + "/") || url.hash) return;
      event.preventDefault();
      this.go(url.pathname + url.search);
    });
  }

  /** To a page, by its URL or by its path below the console. */
  go(to: string, options: { replace?: boolean } = {}): void {
    if (this.guard && !this.guard()) return;
    this.guard = null;
    const url = `${to}/`.startsWith(`${BASE}/`) || to.startsWith(`${BASE}?`) ? to : BASE + (to === "/" ? "" : to);
    if (options.replace) history.replaceState(null, "", url);
    else {
      history.replaceState({ top: window.scrollY }, "");
      history.pushState(null, "", url);
    }
    const before = this.path;
    this.#read(true);
    if (this.path !== before) window.scrollTo(0, 0);
  }

  /** Changes the query and nothing else; an empty value takes the name away. */
  ask(changes: Record<string, string | null | undefined>, options: { push?: boolean } = {}): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const url = location.pathname + (query.size > 0 ? `?${query}` : "");
    if (options.push) history.pushState(null, "", url);
    else history.replaceState(history.state, "", url);
    this.query = query;
  }

  /** Whether the query asks for something to be done once; it is taken out, so that a reload does not ask again. */
  once(name: string, value: string): boolean {
    const asked = this.query.get(name) === value;
    if (asked) this.ask({ [name]: null });
    return asked;
  }

  #read(moved: boolean): void {
    const path = pathHere();
    if (path !== this.path) forgetCalls();
    this.moved = moved;
    this.query = new URLSearchParams(location.search);
    if (path !== this.path) {
      this.at = here();
      this.path = path;
    }
  }
}

/** Scrolls back to where somebody was, as soon as the page is long enough again. */
async function restore(top: number): Promise<void> {
  await tick();
  for (let tries = 0; tries < 40; tries++) {
    window.scrollTo(0, top);
    if (Math.abs(window.scrollY - top) < 2) return;
    await new Promise((done) => setTimeout(done, 25));
  }
}

export const router = new Router();

/** The URL of a path in the table, with what its braces stand for. */
export function to(path: string, inBraces: Record<string, string> = {}, query: Record<string, string> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(inBraces[name] ?? ""));
  const search = new URLSearchParams(query);
  return BASE + (filled === "/" ? "" : filled) + (search.size > 0 ? `?${search}` : "");
}
