// A real Chromium: CHROMIUM_BIN names it (scripts/chromium.sh finds one).

import { chromium } from "playwright-core";

// The first two are Chromium's own suggestions below its address bar, pages that it starts with every window: they take more of the
// processor than most of ours. The others are what playwright-core switches off; the last list that a browser is given is the one that
// counts.
const WITHOUT = [
  "WebUIOmniboxPopup",
  "WebUIOmniboxAimPopup",
  "AimEnabled",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "ThirdPartyStoragePartitioning",
];

// Without a connection to the outside: a browser that looks for its own services would fail at each of them.
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--disable-features=${WITHOUT.join(",")}`,
];

/** Starts a headless Chromium; the caller closes it. */
export function launch() {
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: root ? [...FLAGS, "--no-sandbox"] : FLAGS,
  });
}
