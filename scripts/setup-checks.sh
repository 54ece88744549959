#!/usr/bin/env bash
# The Python environment of the checks that scripts/lint.sh makes of spelling and of Python's types, of scripts/checks.txt, as .tools/checks.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

have python3 || apt_install python3 || die "python3 is missing (3.10 or newer)"
python="$(command -v python3)"
version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
version_at_least "$version" 3.10 || die "python3 is $version; the checks need 3.10 or newer"
"$python" -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv ||
  die "python3 cannot make virtual environments. On Debian: apt-get install python3-venv"

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
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
