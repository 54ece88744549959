// A real Chromium: CHROMIUM_BIN names it (scripts/chromium.sh finds one).

import { chromium } from "playwright-core";

// Without a connection to the outside: a browser that looks for its own services would fail at each of them.
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Starts a headless Chromium; the caller closes it. */
export function launch() {
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: root ? [...FLAGS, "--no-sandbox"] : FLAGS,
  });
}
