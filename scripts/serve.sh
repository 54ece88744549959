#!/usr/bin/env bash
# `make serve`: serves an installation on this machine (scripts/serve.mjs), after building the module as it is deployed, until it is ended.
#
#   PORT, HOST   where it listens, default 8787 on 127.0.0.1
#   STATE_DIR    where its data are, default state
#   SECRETS      the file of its secrets and variables, default secrets.env; made on the first run
set -euo pipefail
STATE_DIR="${STATE_DIR:-state}"
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

SECRETS="${SECRETS:-secrets.env}"

scripts/setup.sh
# The set-up may have brought the Node that the rest runs in.
. scripts/env.sh
scripts/build.sh release
if [ ! -e "$SECRETS" ]; then
  (
    umask 077
    for name in OPERATOR_TOKEN TOKEN_KEY SIGNING_KEY; do
      printf '%s=%s\n' "$name" "$(node -p 'require("node:crypto").randomBytes(32).toString("hex")')"
    done > "$SECRETS"
  )
  say "$SECRETS" "made, with fresh secrets: keep a copy apart from that of the data"
fi
exec node scripts/serve.mjs --state-dir "$STATE_DIR" --secrets "$SECRETS"
