// Looks at the configuration that a deployment would use, as wrangler itself reads it: whatever spelling TOML allows
// (`[vars]`, `vars = { ... }`, dotted keys), and the variables of every named environment too.
//
//   node scripts/deploy-config.mjs [wrangler.toml]
//
// Says on standard error a line for each thing to know, and prints the name of the database where that is all there is of it; ends with
// status 1 where a deployment could not work.

import { experimental_readRawConfig as readRawConfig } from "wrangler";

const config = process.argv[2] ?? "wrangler.toml";
const { rawConfig } = readRawConfig({ config });
// The variables of an environment replace those at the top, as its databases do, so each place is looked at by itself.
const places = [["", rawConfig], ...Object.entries(rawConfig.env ?? {}).map(([name, place]) => [`env.${name}.`, place])];

for (const [where, { vars = {} }] of places) {
  if ("SERVER_TIMING" in vars) {
    console.error(`warning: ${where}vars.SERVER_TIMING stands in ${config}: every answer will tell strangers how many rows it read`);
  }
  if ("ALLOW_LOOPBACK_UPSTREAMS" in vars) {
    console.error(`warning: ${where}vars.ALLOW_LOOPBACK_UPSTREAMS stands in ${config}: upstreams may lie on this machine`);
  }
}

const database = (rawConfig.d1_databases ?? []).find(({ binding }) => binding === "DB");
if (!database?.database_id && !database?.database_name) {
  console.error(`error: ${config} has no database: a block [[d1_databases]] with binding = "DB" and a database_name`);
  process.exitCode = 1;
} else if (!database.database_id) {
  // Its name, for scripts/deploy.sh: the migrations are applied before wrangler would make it.
  console.log(database.database_name);
}
