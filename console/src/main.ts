// Starts the console.

import { mount } from "svelte";
import App from "./App.svelte";
import { session } from "./session.svelte";
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

void session.begin();
const target = document.getElementById("app");
if (target) mount(App, { target });
