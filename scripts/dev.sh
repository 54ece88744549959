#!/usr/bin/env bash
# Serves the module in workerd with a local D1, and beside it an upstream to send requests to (examples/upstream.mjs), until it is
# interrupted (Ctrl-C, SIGTERM), which is its ordinary end.
#
#   PORT           default 8787
#   UPSTREAM_PORT  where the upstream listens, default 8788
#   STATE_DIR      where the local D1 lives, default .wrangler/state; another one and other ports make another installation beside it
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

PORT="${PORT:-8787}"
UPSTREAM_PORT="${UPSTREAM_PORT:-8788}"
URL="http://127.0.0.1:$PORT"
case "$PORT" in *[!0-9]*) die "PORT must be a number, not '$PORT'" ;; esac
case "$UPSTREAM_PORT" in *[!0-9]*) die "UPSTREAM_PORT must be a number, not '$UPSTREAM_PORT'" ;; esac
[ "$PORT" != "$UPSTREAM_PORT" ] || die "PORT and UPSTREAM_PORT are both $PORT"

serving() { node -e 'fetch(process.argv[1]).then(() => {}, () => process.exit(1))' "$URL/health"; }

# port_taken PORT: whether somebody listens there already. wrangler would quietly take another port.
port_taken() { (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Ends a process and all that it started; wrangler's own children outlive a wrangler that is killed between two of them.
end_tree() {
  local child
  for child in $(pgrep -P "$1" 2>/dev/null || true); do
    end_tree "$child"
  done
  kill -TERM "$1" 2>/dev/null || true
}

server=
upstream=
# However this ends, neither is left behind.
end_both() {
  trap '' INT TERM HUP
  local process
  for process in $server $upstream; do
    end_tree "$process"
    wait "$process" 2>/dev/null || true
  done
}

for port in "$PORT" "$UPSTREAM_PORT"; do
  ! port_taken "$port" ||
    die "port $port is taken: PORT=8797 UPSTREAM_PORT=8798 make dev (and STATE_DIR=... for an installation of its own)"
done

scripts/setup.sh
# The set-up may have brought the Node that the rest runs in.
. scripts/env.sh
scripts/build.sh dev

trap 'exit 0' INT TERM HUP
trap end_both EXIT
mkdir -p "$STATE_DIR"
scripts/local-state.sh

UPSTREAM_PORT="$UPSTREAM_PORT" node examples/upstream.mjs < /dev/null &
upstream=$!

# Each server keeps its register of running workers and its inspector to itself, so that two can run side by side.
WRANGLER_REGISTRY_PATH="$(cd "$STATE_DIR" && pwd)/registry" \
  node_modules/.bin/wrangler dev --local --ip 127.0.0.1 --port "$PORT" --inspector-port 0 \
  --persist-to "$STATE_DIR" --show-interactive-dev-session=false < /dev/null &
server=$!

until serving; do
  kill -0 "$server" 2>/dev/null || { wait "$server" || die "wrangler ended with status $?"; die "wrangler ended"; }
  sleep 0.3
done

# The first person, and a link by which they sign in. They are there already when the server has been started before.
sign_in="$(node scripts/first-sign-in.mjs "$URL" 2>&1)" || die "no sign-in link could be made: $sign_in"

cat <<TEXT

Tenantry serves on $URL, and shows its API on $URL/docs
The console, as its first person, once: $sign_in
Requests can be sent on to http://127.0.0.1:$UPSTREAM_PORT/predict, as the README's first call does
The operator token is OPERATOR_TOKEN in .dev.vars. Three calls to begin with, from this directory in another terminal:

# a person, with a token of their own
curl -s $URL/operator/v1/users -H "Authorization: Token \$(sed -n 's/^OPERATOR_TOKEN=//p' .dev.vars)" \\
  -H 'Content-Type: application/json' -d '{"email": "ada@example.com", "name": "Ada", "surname": "Lovelace"}'

# an organization, with that person as its admin
curl -s $URL/v2.1/organizations -H "Authorization: Token \$(sed -n 's/^OPERATOR_TOKEN=//p' .dev.vars)" \\
  -H 'Content-Type: application/json' -d '{"name": "acme", "subscription": "free", "admin_email": "ada@example.com"}'

# a project in it
curl -s $URL/v2.1/projects -H "Authorization: Token \$(sed -n 's/^OPERATOR_TOKEN=//p' .dev.vars)" \\
  -H 'Content-Type: application/json' -d '{"name": "vision", "organization_name": "acme"}'

Ctrl-C ends it.
TEXT

# `wait` returns when a trapped signal arrives; the trap has exited by then.
wait "$server" || die "wrangler ended with status $?"
