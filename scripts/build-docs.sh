#!/usr/bin/env bash
# Copies the viewer of `/docs`, Swagger UI, from the npm package into public/docs/, where the Worker's static assets are. Only what
# the page loads, with the licences that go along. Does nothing when the copies are there and current.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

FROM=node_modules/swagger-ui-dist
TO=public/docs

[ -f "$FROM/swagger-ui-bundle.js" ] || die "swagger-ui-dist is missing: make setup"

# place SOURCE NAME: a copy under another name, put there whole or not at all.
place() {
  if ! cmp -s "$1" "$TO/$2"; then
    cp "$1" "$TO/.$2.new"
    mv "$TO/.$2.new" "$TO/$2"
  fi
}

licences="$(mktemp)"
trap 'rm -f "$licences"' EXIT
cat "$FROM/NOTICE" "$FROM/LICENSE" "$FROM/swagger-ui-bundle.js.LICENSE.txt" > "$licences"
place "$FROM/swagger-ui-bundle.js" viewer.js
place "$FROM/swagger-ui.css" viewer.css
place "$licences" viewer.LICENSE.txt
