// Light or dark: as the system has it, or as somebody has chosen here. The choice, and whether single keys do anything, are all that
// the console ever keeps in a browser; neither is a secret.

export type Theme = "system" | "light" | "dark";
const THEME = "tenantry-theme";
const KEYS_OFF = "tenantry-keys-off";

export function theme(): Theme {
  const kept = read(THEME);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function setTheme(chosen: Theme): void {
  write(THEME, chosen === "system" ? null : chosen);
  show(chosen);
}

export function show(chosen: Theme = theme()): void {
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

export const keysAreOff = (): boolean => read(KEYS_OFF) === "yes";
export const turnKeys = (on: boolean): void => write(KEYS_OFF, on ? null : "yes");

// A browser may have storage switched off: then the choice lasts as long as the page.
function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
function write(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // See above.
  }
}
