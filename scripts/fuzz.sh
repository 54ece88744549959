#!/usr/bin/env bash
# Fuzzes (docs/fuzzing.md): changes the inputs of a target's corpus, guided by the code that they reach, until something that must
# hold does not, or the time is over.
#
#   TARGET=origins     this one, or several apart by spaces (all that there are)
#   SECONDS=60         how long each (60)
#   REPLAY=FILE        this input of the target alone
#   MINIMISE=1         puts into fuzz/corpus/ what was found, less what reaches nothing new
#
# libFuzzer, built into one program for all targets; the stable compiler counts edges and comparisons for it, as `cargo fuzz --sanitizer
# none` has it do. What was found to reach more lies in target/fuzzed/<target>, and what something stopped at in target/fuzzed/stopped.
# The last lines are the score, as TAP counts.
duration="${SECONDS:-0}"
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"
[ "$duration" -gt 0 ] || duration=60

HOST="$(rustc -vV | awk '/^host:/ { print $2 }')"
FUZZED="$ROOT/target/fuzzed"
# What a single input may take: seconds, and megabytes in all and at once.
BOUNDS=(-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256)
# A request may be longer than what a parser takes.
longest() { if [ "$1" = app ]; then echo 4096; else echo 1024; fi; }

counted="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
counted="$counted -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
have c++ || apt_install g++ || die "a C++ compiler is missing, for libFuzzer. On Debian: apt-get install g++"
# With a target named, the flags do not reach what runs while it builds.
program="$(RUSTFLAGS="$counted" cargo build --locked --quiet --profile simulation --package fuzz --features guided --target "$HOST" \
  --message-format=json | python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "fuzz":
        print(message["executable"])
')"
[ -x "$program" ] || die "cargo built no program"

if [ -n "${REPLAY:-}" ]; then
  FUZZ_TARGET="${TARGET:?the target of $REPLAY}" exec "$program" "${BOUNDS[@]}" "$REPLAY"
fi
targets="${TARGET:-$(ls fuzz/corpus)}"

minimise() {
  local corpus="fuzz/corpus/$1" kept
  kept="$(mktemp -d)"
  # What has a name of its own, such as the calls of routes, stays.
  find "$corpus" -type f | grep -vE '/[0-9a-f]{40}$' | xargs -I{} cp {} "$kept" || true
  FUZZ_TARGET="$1" "$program" "${BOUNDS[@]}" -set_cover_merge=1 -use_counters=0 -max_len="$(longest "$1")" "$kept" "$corpus" "$FUZZED/$1" > "$FUZZED/$1.log" 2>&1 ||
    { tail -30 "$FUZZED/$1.log"; die "$1: the corpus could not be made smaller"; }
  find "$corpus" -type f -delete
  mv "$kept"/* "$corpus"
  rmdir "$kept"
  say "$1" "$(find "$corpus" -type f | wc -l | tr -d ' ') inputs"
}

# Of libFuzzer's last lines.
stat() { awk -v name="stat::$2:" '$1 == name { print $2 }' "$1"; }
edges() { awk '{ for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) } END { print cov + 0 }' "$1"; }

passed=0
failed=0
mkdir -p "$FUZZED/stopped"
for target in $targets; do
  mkdir -p "$FUZZED/$target"
  if [ -n "${MINIMISE:-}" ]; then
    minimise "$target"
    continue
  fi
  words=()
  [ ! -f "fuzz/words/$target" ] || words=(-dict="fuzz/words/$target")
  log="$FUZZED/$target.log"
  if FUZZ_TARGET="$target" "$program" "${BOUNDS[@]}" -max_len="$(longest "$target")" -max_total_time="$duration" -print_final_stats=1 \
    -artifact_prefix="$FUZZED/stopped/$target-" ${words[@]+"${words[@]}"} "$FUZZED/$target" "fuzz/corpus/$target" > "$log" 2>&1; then
    passed=$((passed + 1))
    found="nothing found"
  else
    failed=$((failed + 1))
    found="STOPPED"
    grep -A30 -E 'panicked at|ERROR: libFuzzer' "$log" | head -40
    stopped="$(sed -n 's/.*Test unit written to //p' "$log" | head -1)"
    printf 'TARGET=%s REPLAY=%s make fuzz\n' "$target" "${stopped#"$ROOT"/}"
  fi
  say "$target" "$(stat "$log" number_of_executed_units) inputs in $duration s, $(edges "$log") edges, $(stat "$log" new_units_added) that reach more, $found"
done
[ -n "${MINIMISE:-}" ] || printf '# pass %s\n# fail %s\n' "$passed" "$failed"
[ "$failed" = 0 ]
