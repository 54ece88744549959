#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests, or nothing. CHROMIUM_BIN names one; under CI=true a missing one is installed
# from Debian's packages where that is possible.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

find_chromium() {
  local candidate
  for candidate in "${CHROMIUM_BIN:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Chromium.app/Contents/MacOS/Chromium" "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if [ -n "$candidate" ] && have "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
}

found="$(find_chromium)"
if [ -z "$found" ] && [ "${CI:-}" = true ]; then
  apt_install chromium >&2 || true
  found="$(find_chromium)"
fi
echo "$found"
