#!/usr/bin/env bash
# Deploys to the Cloudflare account that wrangler is signed in to: first looks whether the configuration, the account and the
# secrets are in order, then makes the database where it is not there and applies the migrations, then uploads the module, for which
# wrangler makes the KV namespace and the queue. A migration only ever adds, so the version that is being replaced goes on working between
# the two.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

REQUIRED_SECRETS="OPERATOR_TOKEN TOKEN_KEY SIGNING_KEY"

scripts/setup.sh
# The set-up may have brought the Node that the rest runs in.
. scripts/env.sh
wrangler() { node_modules/.bin/wrangler "$@"; }

database="$(node scripts/deploy-config.mjs)" || exit 1
# `wrangler whoami` answers 0 when nobody is signed in, so its words are read.
whoami="$(wrangler whoami 2>&1)" || die "wrangler whoami failed: $whoami"
case "$whoami" in
  *"not authenticated"* | *"not logged in"*) die "wrangler is not signed in: scripts/with-tools.sh wrangler login, or set CLOUDFLARE_API_TOKEN" ;;
esac

missing=
if secrets="$(wrangler secret list --format json 2>&1)"; then
  for name in $REQUIRED_SECRETS; do
    case "$secrets" in *"\"$name\""*) ;; *) missing="$missing $name" ;; esac
  done
else
  printf '%s\n' "$secrets" >&2
  missing=" $REQUIRED_SECRETS"
fi
# `wrangler secret put` makes the worker when it does not exist yet, so this is also how a first deployment begins.
# In Cloudflare's own builds the secrets that were asked for arrive with the first version. Until they are there every call is 503.
[ -z "$missing" ] || [ "${WORKERS_CI:-}" = 1 ] || die "these secrets are not set:$missing. For each: openssl rand -hex 32 | scripts/with-tools.sh wrangler secret put NAME; keep a copy of OPERATOR_TOKEN, for a secret cannot be read back"

scripts/build.sh release
scripts/size-check.sh
node scripts/dry-run.mjs
if [ -n "$database" ] && ! wrangler d1 list --json | DATABASE="$database" node -e '
  const databases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  process.exit(databases.some(({ name }) => name === process.env.DATABASE) ? 0 : 1);
'; then
  wrangler d1 create "$database" --update-config=false < /dev/null
fi
wrangler d1 migrations apply DB --remote
wrangler deploy
