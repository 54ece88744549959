#!/usr/bin/env bash
# Every test: native, simulated, the inputs that fuzzing has kept, which of them notices that a rule is dropped or a bound is moved, the
# console's rules, the real clients against the module in workerd, a real browser. Each suite runs even when another fails; the last line
# is the sum over all, "N passed, N failed". A suite that ends badly without naming a failed test counts as one.
#
#   test.sh [SUITE...]   all of them, or those that are named; `fuzzing` (another build, with what guides it, and five seconds a target)
#                        only where it is named
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

SUITES="native simulation corpora rules bounds console server clients browser"

for name in "$@"; do
  case " $SUITES fuzzing " in *" $name "*) ;; *) die "there is no suite '$name', but these: $SUITES fuzzing" ;; esac
done
# chosen SUITE...: whether one of them is to be run.
asked=" ${*:-$SUITES} "
chosen() {
  local name
  for name in "$@"; do case "$asked" in *" $name "*) return 0 ;; esac; done
  return 1
}
# Which rules refuse alone, the native tests have written down.
! chosen rules || chosen native || die "the suite 'rules' reads what 'native' has written: name both"

reports="$(mktemp -d)"
trap 'rm -rf "$reports"; release_lock' EXIT
passed=0
failed=0

# Each reader prints "passed failed" for a suite's report.
cargo_counts() {
  awk '/^test result:/ { for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^failed/) f += $(i - 1) } }
       END { print p + 0, f + 0 }' "$1"
}
tap_counts() {
  awk '/^# pass / { p += $3 } /^# (fail|cancelled) / { f += $3 } END { print p + 0, f + 0 }' "$1"
}
junit_counts() {
  python3 - "$1" <<'PY'
import sys
from xml.etree import ElementTree

passed = failed = 0
for suite in ElementTree.parse(sys.argv[1]).iter("testsuite"):
    bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    failed += bad
    passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
print(max(passed, 0), failed)
PY
}

# suite NAME READER REPORT COMMAND...: runs a suite, adds up what its report says.
suite() {
  local name="$1" reader="$2" report="$3" status=0 good=0 bad=0 counts
  shift 3
  printf '\n== %s\n' "$name"
  "$@" || status=$?
  if counts="$("$reader" "$report" 2>/dev/null)"; then
    good="${counts% *}"
    bad="${counts#* }"
  fi
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
    printf '%s ended with status %s\n' "$name" "$status"
    bad=1
  elif [ "$status" = 0 ] && [ $((good + bad)) = 0 ]; then
    printf '%s ran no test\n' "$name"
    bad=1
  fi
  say "$name" "$good passed, $bad failed"
  passed=$((passed + good))
  failed=$((failed + bad))
}
broken() { printf '\n== %s\n%s\n' "$1" "$2"; failed=$((failed + 1)); }

simulation() { cargo test --locked --no-fail-fast --package simulation 2>&1 | tee "$reports/simulation"; }
corpora() { cargo test --locked --no-fail-fast --package fuzz 2>&1 | tee "$reports/corpora"; }
# Five seconds each, from the corpora on.
fuzzing() { SECONDS=5 scripts/fuzz.sh | tee "$reports/fuzzing"; }
# It writes down which test had which permit refused by which rule alone, for the suite below.
native() { REFUSALS="$reports/refusals" cargo test --locked --no-fail-fast 2>&1 | tee "$reports/native"; }
# Each rule of each permit is dropped; most of them have to refuse alone in some test.
rules() { scripts/drop-rules.py --refusals "$reports/refusals" | tee "$reports/rules"; }
# Some bounds of the domain are moved, others each day.
bounds() { scripts/move-bounds.py --sample 10 | tee "$reports/bounds"; }
clients() {
  .tools/clients/venv/bin/python -m pytest tests/clients -p no:cacheprovider --junitxml "$reports/clients"
}
# in_node REPORT FILE...: Node's own runner, for people on the terminal and counted from its TAP. It ends when the tests have: a test that
# fails on its way may leave a runtime that would keep it for ever.
in_node() {
  local report="$1"
  shift
  node --disable-warning=ExperimentalWarning --experimental-strip-types --test --test-force-exit \
    --test-reporter=spec --test-reporter-destination=stdout --test-reporter=tap --test-reporter-destination="$report" "$@"
}

# any GLOB: whether a file matches.
any() { [ -e "$1" ]; }

scripts/setup.sh
# The set-up may have brought the Node that the rest runs in.
. scripts/env.sh

! chosen native || suite native cargo_counts "$reports/native" native
! chosen simulation || suite simulation cargo_counts "$reports/simulation" simulation
! chosen corpora || suite corpora cargo_counts "$reports/corpora" corpora
! chosen fuzzing || suite fuzzing tap_counts "$reports/fuzzing" fuzzing
! chosen rules || suite rules tap_counts "$reports/rules" rules
! chosen bounds || suite bounds tap_counts "$reports/bounds" bounds
if chosen console && any console/test/*.test.ts; then
  suite console tap_counts "$reports/console" in_node "$reports/console" console/test/*.test.ts
fi
if ! chosen server clients browser; then
  :
elif ! scripts/build.sh dev; then
  broken workerd "the module could not be built, so nothing could run it"
else
  if chosen server && any tests/support/*.test.mjs; then
    suite server tap_counts "$reports/server" in_node "$reports/server" tests/support/*.test.mjs
  fi
  if chosen clients && any tests/clients/test_*.py; then
    if scripts/setup-clients.sh; then
      suite clients junit_counts "$reports/clients" clients
    else
      broken clients "the clients could not be set up"
    fi
  fi
  if chosen browser && any tests/browser/*.test.mjs; then
    CHROMIUM_BIN="$(scripts/chromium.sh)"
    export CHROMIUM_BIN
    if [ -n "$CHROMIUM_BIN" ]; then
      suite browser tap_counts "$reports/browser" in_node "$reports/browser" tests/browser/*.test.mjs
    elif [ "${CI:-}" = true ]; then
      broken browser "no Chromium, and none could be installed; in CI the browser test must run"
    else
      printf '\n!!! THE BROWSER TEST DID NOT RUN: no Chromium was found. Install one (Debian: apt-get install chromium) or name one in CHROMIUM_BIN.\n'
    fi
  fi
fi

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
