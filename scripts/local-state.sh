#!/usr/bin/env bash
# What a local installation needs beside the module: its secrets in .dev.vars, and the migrations in the D1 of STATE_DIR. Does nothing
# where both are there. `make dev` calls it, and `wrangler dev` by way of scripts/build.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

scripts/dev-vars.sh

# wrangler takes seconds to find that nothing is to be done, and a build runs with every change of a source. The mark lies beside the
# database, so that they go together.
mark="$STATE_DIR/v3/.migrated"
now="$(cat migrations/*.sql | sha256)"
if [ "$(cat "$mark" 2>/dev/null)" = "$now" ]; then
  exit 0
fi
mkdir -p "$STATE_DIR/v3"
say migrations "to the local D1 in $STATE_DIR"
told="$(mktemp)"
trap 'rm -f "$told"' EXIT
if ! node_modules/.bin/wrangler d1 migrations apply DB --local --persist-to "$STATE_DIR" > "$told" 2>&1 < /dev/null; then
  cat "$told" >&2
  die "the migrations could not be applied"
fi
echo "$now" > "$mark"
