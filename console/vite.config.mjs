// Builds the console into public/console/, and serves it while it is being worked on (`make console`).
//
// Nothing is inlined and nothing is polyfilled: the page's policy lets in what comes from this origin as a file, and no more.

import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const API = `http://127.0.0.1:${process.env.PORT ?? 8787}`;
// The Host is kept, since a session counts only where the page's origin is that of the host that was called.
const PROXIED = Object.fromEntries(
  ["/v2.1", "/v1", "/operator", "/session", "/openapi.json", "/docs"].map((path) => [path, { target: API, changeOrigin: false }]),
);

// What the frame and the first pages are made of.
const IN_FRAME =
  /\/src\/(App\.svelte|(?!main)[\w.]+\.ts|texts\/|rules\/(paths|commands|rank)\.ts|parts\/(icons|Icon|Button|Dialog|Menu|Nav|Palette|KeySheet|SignInForm|Toasts|Form|Refused|Copy|Command|Head|AsCommands|Shown|Empty|Text|Tick|Choice|When|NewOrganization|NewProject)\b)/;

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/console/",
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
  server: { host: "127.0.0.1", port: 5173, strictPort: true, proxy: PROXIED },
  build: {
    outDir: process.env.CONSOLE_OUT ?? "../public/console",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Few files: what is alike is packed together, and a view takes few requests. The first one needs neither what only lists
        // of things need nor any page of a project.
        codeSplitting: {
          groups: [
            { name: "svelte", test: /\/node_modules\//, priority: 4 },
            { name: "lists", test: /\/parts\/(Bars|Report|Trail|Meter|Confirm|SecretDialog)\.svelte|\/rules\/(csv|diff|money|period|snippets)\.ts/, priority: 2 },
            { name: "frame", test: IN_FRAME, priority: 3 },
            { name: "operator", test: /\/pages\/operator\//, priority: 1 },
            { name: "organization", test: /\/pages\/(organization|me)\//, priority: 1 },
            { name: "project", test: /\/pages\/project\//, priority: 0 },
          ],
        },
      },
    },
  },
});
