// A migration meets an installation that is in use: each schema of which there are data (tests/vectors/data-<migration>.sql) is made, filled,
// and brought up to date. Whatever was there is there afterwards, and what refers to something finds it.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DatabaseSync } from "node:sqlite";

const ROOT = path.resolve(import.meta.dirname, "../..");
const MIGRATIONS = path.join(ROOT, "migrations");
const VECTORS = path.join(ROOT, "tests/vectors");
const migrations = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql")).sort();
const landed = readdirSync(VECTORS).flatMap((name) => name.match(/^data-(\d{4})\.sql$/)?.[1] ?? []);

const all = (database, sql) => database.prepare(sql).all();
const apply = (database, names) => {
  for (const name of names) {
    try {
      // As D1 does: each in one transaction.
      database.exec(`BEGIN;\n${readFileSync(path.join(MIGRATIONS, name), "utf8")}\n;COMMIT`);
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  }
};
const columns = (database, table) => all(database, `SELECT name FROM pragma_table_info('${table}')`).map(({ name }) => name);
const tables = (database) => all(database, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").map(({ name }) => name);

/** The rows of each table, as texts in order, by their columns. */
function content(database, shape) {
  return Object.fromEntries(
    Object.entries(shape).map(([table, names]) => [table, all(database, `SELECT ${names.map((name) => `"${name}"`)} FROM "${table}"`).map((row) => JSON.stringify(row)).sort()]),
  );
}

/** The rows as they were: no trigger makes any of its own. */
function fill(database, sql) {
  const triggers = all(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
  database.exec("PRAGMA foreign_keys = OFF");
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${name}"`);
  database.exec(sql);
  for (const { sql: trigger } of triggers) database.exec(trigger);
  database.exec("PRAGMA foreign_keys = ON");
}

for (const number of landed) {
  test(`an installation with the schema of ${number} keeps its rows through all that came later`, () => {
    const database = new DatabaseSync(":memory:");
    const isEarlier = (name) => name.slice(0, 4) <= number;
    apply(database, migrations.filter(isEarlier));
    const shape = Object.fromEntries(tables(database).map((table) => [table, columns(database, table)]));
    // What migrations put there, such as the default roles, later ones may change.
    const own = content(database, shape);
    fill(database, readFileSync(path.join(VECTORS, `data-${number}.sql`), "utf8"));
    assert.deepEqual(all(database, "PRAGMA foreign_key_check"), [], "before");
    const filled = Object.entries(content(database, shape)).map(([table, rows]) => [table, rows.filter((row) => !own[table].includes(row))]);
    const used = filled.filter(([, rows]) => rows.length > 0);
    assert.ok(used.length >= 20, `${used.length} tables have rows`);

    apply(database, migrations.filter((name) => !isEarlier(name)));
    assert.deepEqual(all(database, "PRAGMA foreign_key_check"), []);
    assert.equal(database.prepare("PRAGMA integrity_check").get().integrity_check, "ok");
    for (const [table, rows] of used) {
      const now = new Set(columns(database, table));
      for (const name of shape[table]) assert.ok(now.has(name), `${table}.${name} is gone, and the version before needs it`);
      const there = new Set(content(database, { [table]: shape[table] })[table]);
      for (const row of rows) assert.ok(there.has(row), `${table} has lost or changed ${row}`);
    }
    database.close();
  });
}
