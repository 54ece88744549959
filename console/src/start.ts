// Puts the frame into the page.

import { mount } from "svelte";
import App from "./App.svelte";
import { session } from "./session.svelte";

void session.begin();
const target = document.getElementById("app");
if (target) mount(App, { target });
