#!/usr/bin/env bash
# Makes docs/pictures/ anew, from the console as it is, in Chromium. They show the day on which they are made, so those of another day differ.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

scripts/setup.sh
# The set-up may have brought the Node that the rest runs in.
. scripts/env.sh
scripts/build.sh dev
CHROMIUM_BIN="$(scripts/chromium.sh)"
export CHROMIUM_BIN
[ -n "$CHROMIUM_BIN" ] || die "no Chromium was found. Install one (Debian: apt-get install chromium) or name one in CHROMIUM_BIN"
node tests/browser/pictures.mjs
say pictures "made in docs/pictures: $(cat docs/pictures/*.webp | wc -c) bytes together"
