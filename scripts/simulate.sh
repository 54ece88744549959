#!/usr/bin/env bash
# Runs the simulation (docs/simulation.md) in a build of its own that is as fast as a release and as watchful as a debug build.
#
#   SEEDS=17, SEEDS=1..10000   these seeds; a single one is told step by step (1..1000 if nothing is said)
#   REPLAY=3,1,4               the run of these choices, which a failed one has printed
#   ORDERS=1                   pairs and triples of moves in all orders instead
#   BROKEN=1                   statements that are broken on purpose instead, and which invariant notices each
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

build=(--locked --quiet --profile simulation --package simulation)
if [ -n "${BROKEN:-}" ]; then
  exec cargo test "${build[@]}" --test notices -- --include-ignored --nocapture
elif [ -n "${REPLAY:-}" ]; then
  exec cargo run "${build[@]}" -- --replay "$REPLAY"
elif [ -n "${ORDERS:-}" ]; then
  exec cargo run "${build[@]}" -- --orders
fi
exec cargo run "${build[@]}" -- "${SEEDS:-1..1000}"
