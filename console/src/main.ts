// Starts the console. Small and without the framework, so that it runs before that has come: who is signed in, and the script of the
// page that the URL names, are asked for while the frame is still being fetched.

import { askAhead, fill } from "./api";
import { here, OF_A_PROJECT } from "./routes";
import { show } from "./theme";

show();

// After a deployment the files of the one before are gone: the page is read anew, once, and not again and again where they stay away.
const RELOADED = "tenantry-reloaded";
const AGAIN_AFTER = 30_000;
window.addEventListener("vite:preloadError", (event) => {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED)) < AGAIN_AFTER) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  event.preventDefault();
  location.reload();
});

// The frame and the page ask for all of this again, take the answers, and say so where one cannot be had.
askAhead("/session");
const at = here();
if (at) {
  at.row.page().catch(() => undefined);
  const around = at.inBraces["p"] ? OF_A_PROJECT : [];
  const ahead = location.search ? [] : (at.row.ahead ?? []);
  for (const path of [...around, ...ahead]) askAhead(fill(path, at.inBraces));
}
void import("./start");
