// Writes the data by which tests/support/migrations.test.mjs tries the migrations that come later: the rows of testkit/src/fill.sql, in the
// schema of the migrations that there are now. Once for each release, as tests/vectors/data-<last migration>.sql, which never changes.
//
//   node scripts/schema-data.mjs [migrations [fill.sql]] > tests/vectors/data-0036.sql

import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const ROOT = path.resolve(import.meta.dirname, "..");
const migrations = process.argv[2] ?? path.join(ROOT, "migrations");
const fill = process.argv[3] ?? path.join(ROOT, "testkit/src/fill.sql");
/** Two rows of everything, in an organization and a project that are there. */
const NAMES = { rows: "2", organization: "organization-0", project: "project-0" };

const database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: false });
const files = readdirSync(migrations).filter((name) => name.endsWith(".sql")).sort();
for (const name of files) database.exec(readFileSync(path.join(migrations, name), "utf8"));
const before = new Map(tables().map((table) => [table, new Set(rows(table))]));
database.exec(`
  INSERT INTO organizations (id, name, creation_date, subscription, subscription_start_date, created_by)
    VALUES ('organization-0', 'acme', 0, 'free', 0, 'user-1');
  INSERT INTO projects (id, organization_id, name, creation_date, advanced_permissions, cors_origins, labels)
    VALUES ('project-0', 'organization-0', 'vision', 0, 1, '[]', '{}');
  INSERT INTO scheduled_runs (job, last_run) VALUES ('every_minute', 0);
`);
database.exec(readFileSync(fill, "utf8").replaceAll(/\{(rows|organization|project)\}/g, (_, name) => NAMES[name]));
const broken = database.prepare("PRAGMA foreign_key_check").all();
if (broken.length > 0) throw new Error(`foreign keys: ${JSON.stringify(broken)}`);

function tables() {
  const named = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
  return named.all().map(({ name }) => String(name));
}

/** The rows of a table as texts: the values of an INSERT. Generated columns make themselves. */
function rows(table) {
  const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all().map(({ name }) => String(name));
  const quoted = columns.map((name) => `quote("${name}")`).join(" || ', ' || ");
  const names = columns.map((name) => `"${name}"`).join(", ");
  return database.prepare(`SELECT ${quoted} AS row FROM "${table}"`).all().map(({ row }) => `INSERT INTO "${table}" (${names}) VALUES (${row});`);
}

console.log(`-- Two rows of everything, in the schema of ${files.at(-1)}, by scripts/schema-data.mjs. It never changes.`);
for (const table of tables()) {
  // What migrations have put there themselves they put there again.
  const written = rows(table).filter((row) => !before.get(table)?.has(row));
  for (const row of written) console.log(row);
}
