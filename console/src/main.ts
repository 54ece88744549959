// Starts the console.

import { mount } from "svelte";
import App from "./App.svelte";
import { session } from "./session.svelte";
import { show } from "./theme";

show();

// After a deployment the files of the one before are gone: the page is read anew, once.
const RELOADED = "tenantry-reloaded";
window.addEventListener("vite:preloadError", (event) => {
  if (sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, "yes");
  event.preventDefault();
  location.reload();
});

session.read().catch(() => {
  // Shown by the page, which asks again.
  session.current = null;
});
const target = document.getElementById("app");
if (target) mount(App, { target });
