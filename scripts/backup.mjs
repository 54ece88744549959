// Copies the data of an installation on this machine, which may be serving meanwhile (docs/operations.md, "On a machine of your own").
//
//   node scripts/backup.mjs STATE_DIR TO
//
// TO is a directory that is not there yet. It becomes one that scripts/serve.mjs can serve from, so bringing the copy back is to put it in
// the place of STATE_DIR. It is there whole or not at all.

import { cp, mkdir, readdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";

// The database before the payloads that its rows name: what is written in between is one payload more, and goes when its time is over.
const ORDER = ["d1", "kv"];

const say = (line) => process.stderr.write(`${line}\n`);
const die = (line) => {
  say(`error: ${line}`);
  process.exit(1);
};

const [from, to] = process.argv.slice(2);
if (!to) die("usage: node scripts/backup.mjs STATE_DIR TO");
if (!existsSync(path.join(from, "d1"))) die(`there is no installation in ${from}`);
if (existsSync(to)) die(`${to} is there already`);
const sqlite = await import("node:sqlite").catch(() => null);
if (!sqlite?.backup) die("Node 22.16 or newer is needed");
const { DatabaseSync, backup } = sqlite;

/** A database page by page, in one step: others may write meanwhile, and none of it is half in the copy. */
async function copyDatabase(source, target) {
  const database = new DatabaseSync(source);
  try {
    await backup(database, target, { rate: 2 ** 30 });
  } finally {
    database.close();
  }
  const copy = new DatabaseSync(target);
  try {
    const found = [...copy.prepare("PRAGMA integrity_check").all(), ...copy.prepare("PRAGMA foreign_key_check").all()];
    if (found.length !== 1 || found[0].integrity_check !== "ok") throw new Error(`${source} is damaged: ${JSON.stringify(found.slice(0, 5))}`);
  } finally {
    copy.close();
  }
}

const partial = `${to}.partial`;
await rm(partial, { recursive: true, force: true });
const isDatabase = (name) => name.endsWith(".sqlite");
const isBeside = (name) => /\.sqlite-(wal|shm)$/.test(name);
for (const part of ORDER) {
  if (!existsSync(path.join(from, part))) continue;
  const entries = await readdir(path.join(from, part), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !isBeside(entry.name));
  // Databases first, for the same reason.
  files.sort((a, b) => Number(isDatabase(b.name)) - Number(isDatabase(a.name)));
  for (const file of files) {
    const source = path.join(file.parentPath, file.name);
    const target = path.join(partial, path.relative(from, source));
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    if (isDatabase(file.name)) await copyDatabase(source, target);
    // A payload whose time was over meanwhile.
    else await cp(source, target).catch((error) => error.code === "ENOENT" || Promise.reject(error));
  }
}
await rename(partial, to);
say(`${from} is copied to ${to}`);
