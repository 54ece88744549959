#!/usr/bin/env bash
# Runs a command with the project's own tools on PATH: scripts/with-tools.sh wrangler d1 execute DB --local --command 'SELECT 1'
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"
PATH="$ROOT/node_modules/.bin:$TOOLS/bin:$PATH"
exec "$@"
