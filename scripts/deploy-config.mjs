// Looks at the configuration that a deployment would use, as wrangler itself reads it: whatever spelling TOML allows
// (`[vars]`, `vars = { ... }`, dotted keys), and the variables of every named environment too.
//
//   node scripts/deploy-config.mjs [wrangler.toml]
//
// Prints a line for each thing to know; ends with status 1 where a deployment could not work.

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

for (const { binding, id } of rawConfig.kv_namespaces ?? []) {
  if (!id) {
    console.error(
      `error: ${config} has no id for ${binding}: scripts/with-tools.sh wrangler kv namespace create ${binding}, and enter its id ` +
        "there; or take the block out, and what is longer than 256 KiB is not kept",
    );
    process.exitCode = 1;
  }
}

const databases = rawConfig.d1_databases ?? [];
if (!databases.some(({ binding, database_id }) => binding === "DB" && database_id)) {
  console.error(
    `error: ${config} names no database yet: scripts/with-tools.sh wrangler d1 create tenantry, and enter its database_id there`,
  );
  process.exitCode = 1;
}
