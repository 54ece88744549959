// Waiting for what comes by itself.

import { setTimeout as sleep } from "node:timers/promises";

/** How long what takes moments is waited for, in milliseconds: a machine that is busy with something else passes, and nobody waits for ever. */
const PATIENCE = 60_000;

/**
 * Looks again and again until there is something to be seen, and gives that.
 *
 * @template T
 * @param {string} what what is waited for, for whoever reads that it never came
 * @param {() => T | Promise<T>} look
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, look) {
  for (const end = performance.now() + PATIENCE; ; await sleep(10)) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
  }
}
