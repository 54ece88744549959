#!/usr/bin/env bash
# Builds the web console of console/ into public/console/: one page, and files that are named by what is in them. The types of the API
# are made from public/openapi.json first. Does nothing when the sources are those of the last build.
#
# What was there before stays until all of the new is there. Vite's manifest, from which scripts/size-check.sh learns what the first
# view loads, stays outside of what is served.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

TO=public/console
MADE=.tools/console

[ -x node_modules/.bin/vite ] || die "vite is missing: make setup"

fingerprint() {
  {
    find console -type f ! -path 'console/test/*' ! -name api-types.d.ts | LC_ALL=C sort
    printf '%s\n' package-lock.json public/openapi.json scripts/build-console.sh
  } | tr '\n' '\0' | xargs -0 cat | sha256
}

mkdir -p "$MADE"
types="$(cat public/openapi.json package-lock.json | sha256)"
if [ ! -s console/src/api-types.d.ts ] || [ "$(cat "$MADE/types-stamp" 2>/dev/null)" != "$types" ]; then
  # Put there whole: the lints may be at the same thing.
  node_modules/.bin/openapi-typescript public/openapi.json -o "$MADE/api-types.$$.d.ts" > /dev/null
  mv "$MADE/api-types.$$.d.ts" console/src/api-types.d.ts
  echo "$types" > "$MADE/types-stamp"
fi
[ "${1:-}" != --types ] || exit 0

now="$(fingerprint)"
if [ "$(cat "$MADE/stamp" 2>/dev/null)" = "$now" ] && [ -s "$TO/index.html" ]; then
  exit 0
fi
say console "$TO"
rm -f "$MADE/stamp"
CONSOLE_OUT="$ROOT/$MADE/out" node_modules/.bin/vite build --logLevel warn --config console/vite.config.mjs
mv "$MADE/out/manifest.json" "$MADE/manifest.json"
rm -rf "$TO"
mv "$MADE/out" "$TO"
echo "$now" > "$MADE/stamp"
