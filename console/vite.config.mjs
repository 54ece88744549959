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

// What runs before the framework is there.
const BEFORE = /\/src\/(main|api|routes|theme)\.ts|\/src\/(texts|rules\/paths)/;
// What the frame and the first pages are made of.
const IN_FRAME =
  /\/src\/(App\.svelte|[\w.]+\.ts|rules\/(commands|rank)\.ts|parts\/(icons|Icon|Button|Dialog|Menu|Nav|Palette|KeySheet|SignInForm|Toasts|Form|Refused|Copy|Command|Head|AsCommands|Shown|Empty|Text|Tick|Choice|When|NewOrganization|NewProject)\b)/;

/** The page names the files that every view needs, so that they are fetched with the script that will ask for them, and not after it. */
const allWithPage = {
  name: "all-with-page",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) =>
      Object.values(bundle ?? {})
        .filter(({ type, name }) => type === "chunk" && ["svelte", "frame", "parts", "rolldown-runtime"].includes(name))
        .map(({ fileName }) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/console/${fileName}` }, injectTo: "head" })),
  },
};

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/console/",
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } }), allWithPage],
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
        // Few files, since what is alike packs well together: what several pages share, and the pages in families of those that
        // somebody opens one after the other. A first view takes one of each.
        codeSplitting: {
          groups: [
            { name: "svelte", test: /\/node_modules\//, priority: 4 },
            { name: "main", test: BEFORE, priority: 3 },
            { name: "frame", test: IN_FRAME, priority: 2 },
            { name: "parts", test: /\/src\/(parts|rules)\//, priority: 1 },
            { name: "operator", test: /\/pages\/operator\// },
            { name: "organization", test: /\/pages\/(organization|me)\// },
            { name: "project", test: /\/pages\/project\/(Project|ServiceUsers|Deployments|Requests|Audit|Usage)\b/ },
            { name: "project-parts", test: /\/pages\/project\// },
          ],
        },
      },
    },
  },
});
