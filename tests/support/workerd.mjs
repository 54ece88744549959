// The runtime that Miniflare has started, seen from outside. Linux alone tells.

import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";

/** workerd among this process's children, and not that other one; null where the system does not tell. */
export async function workerdPid(other) {
  if (!existsSync("/proc/self/stat")) return null;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [, command, parent] = text.match(/\((.*)\) \S (\d+)/) ?? [];
    if (command?.startsWith("workerd") && Number(parent) === process.pid && Number(pid) !== other) return Number(pid);
  }
  return null;
}

/** The processor time that it has used: user and system time in /proc, in hundredths of a second (proc(5), fields 14 and 15). */
export async function cpuSeconds(pid) {
  if (pid === null) return null;
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The megabytes that it holds in memory. */
export async function residentMegabytes(pid) {
  if (pid === null) return null;
  const [, kilobytes] = (await readFile(`/proc/${pid}/status`, "utf8")).match(/^VmRSS:\s+(\d+) kB$/m);
  return Number(kilobytes) / 1024;
}
