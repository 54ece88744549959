// Pages of the documentation whose blocks are run, as somebody would paste them.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const WHERE_DEV_SERVES = "http://127.0.0.1:8787";
const WHERE_ITS_UPSTREAM_LISTENS = "http://127.0.0.1:8788";

/** A page of the documentation. */
export const page = (name) => readFile(path.join(ROOT, name), "utf8");

/** The blocks of a language on a page. */
export const blocks = (text, language) => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block);

/** A text with other addresses in the place of its own, each of which it must have. */
export function elsewhere(text, places) {
  for (const [there, here] of Object.entries(places)) {
    if (!text?.includes(there)) throw new Error(`the block is not where it was, or does not name ${there}`);
    text = text.replaceAll(there, here);
  }
  return text;
}

/** The README's first call, for an installation and an upstream that listen elsewhere than those of `make dev`. */
export async function firstCall(tenantry, upstream) {
  const [block] = blocks((await page("README.md")).split("## The first call\n")[1], "sh");
  return elsewhere(block, { [WHERE_DEV_SERVES]: tenantry.url, [WHERE_ITS_UPSTREAM_LISTENS]: upstream.url });
}

/** What bash answers to what is pasted into it; it ends at the first command that fails. */
export const paste = (text, /** @type {import("node:child_process").ExecFileOptionsWithStringEncoding} */ options) =>
  promisify(execFile)("bash", ["-euo", "pipefail", "-c", text], options);
