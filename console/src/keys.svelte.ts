// Single keys. One table says what each does; the sheet of `?` is drawn from it. None does anything while somebody types, while a
// dialog is open, or where they are switched off.

import { context } from "./context.svelte";
import { router, to } from "./router.svelte";
import { ROUTES, type Route } from "./routes";
import { keysAreOff } from "./theme";

export interface Key {
  keys: string;
  does: string;
}

export const KEYS: readonly Key[] = [
  { keys: "Ctrl K or ⌘ K", does: "Search, or go to a page" },
  { keys: "?", does: "Show these keys" },
  { keys: "/", does: "Filter what is shown" },
  { keys: "n", does: "Make a new one" },
  { keys: "e", does: "Edit this one" },
  { keys: "[ and ]", does: "The period before and after" },
  { keys: "↑ ↓ or j k", does: "Through the rows of a table; Enter opens one" },
  { keys: "Esc", does: "Close what is open" },
];

/** Where a page is, from where somebody is now; null where it needs an organization or project that is not there. */
export function hrefOf(route: Route): string | null {
  const known: Record<string, string | null> = { o: context.organization, p: context.project };
  const inBraces: Record<string, string> = {};
  for (const [, name = ""] of route.path.matchAll(/\{(\w+)\}/g)) {
    const value = known[name];
    if (!value) return null;
    inBraces[name] = value;
  }
  return to(route.path, inBraces);
}

class Keys {
  palette = $state(false);
  sheet = $state(false);
  #waiting = false;

  pressed = (event: KeyboardEvent): void => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.palette = !this.palette;
      return;
    }
    const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open], :popover-open")) return;
    if (keysAreOff()) return;
    if (this.#waiting) {
      this.#waiting = false;
      // Of two pages with one key, that of the project comes first where there is one.
      const routes = ROUTES.filter((row) => row.key === event.key && hrefOf(row));
      const route = routes.find((row) => row.in === "project") ?? routes[0];
      const href = route && hrefOf(route);
      if (href) {
        event.preventDefault();
        router.go(href);
      }
      return;
    }
    if (event.key === "g") {
      this.#waiting = true;
      setTimeout(() => (this.#waiting = false), 1500);
    } else if (event.key === "?") {
      event.preventDefault();
      this.sheet = true;
    } else if (event.key === "j" || event.key === "k" || event.key === "ArrowDown" || event.key === "ArrowUp") {
      step(event);
    } else {
      const wanted = document.querySelector<HTMLElement>(`main [data-key="${CSS.escape(event.key)}"]`);
      if (!wanted) return;
      event.preventDefault();
      if (wanted.matches("input")) wanted.focus();
      else wanted.click();
    }
  };
}

/** To the row below or above. An arrow does so from a row only, since elsewhere it scrolls. */
function step(event: KeyboardEvent): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main .table a.name, main .table button.name")];
  if (rows.length === 0) return;
  const current = (document.activeElement as HTMLElement | null)?.closest("tr");
  const at = rows.findIndex((row) => row.closest("tr") === current);
  if (at < 0 && event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const down = event.key === "j" || event.key === "ArrowDown";
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : down ? at + 1 : at - 1))]?.focus();
}

export const keys = new Keys();
