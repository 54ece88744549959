#!/usr/bin/env bash
# The Python environment of the checks that scripts/lint.sh makes of spelling and of Python's types, of scripts/checks.txt, as .tools/checks.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

find_python 3.10
take_lock "$CACHE/locks/checks"
content="$( { cat scripts/checks.txt; "$python" -c 'import platform, sys; print(sys.version_info[:2], platform.system(), platform.machine())'; } | sha256)"
place="$CACHE/checks-$(printf %.12s "$content")"
if [ -e "$place/.complete" ] && "$place/bin/python" -c '' 2>/dev/null; then
  say checks there
else
  say checks "installing into a virtual environment"
  rm -rf "$place"
  "$python" -m venv "$place"
  "$place/bin/python" -m pip install --quiet --no-deps -r scripts/checks.txt
  : > "$place/.complete"
fi
ln -sfn "$place" "$TOOLS/checks"
