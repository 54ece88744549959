#!/usr/bin/env bash
# The Python environments of the client tests, one per file in scripts/clients/: pytest's own (as `venv`), and one for each real
# client, since their requirements exclude each other. The tests run a client in a process of its own:
#
#   .tools/clients/venv/bin/python                          pytest and requests
#   .tools/clients/ubiops-<version>/bin/python              the UbiOps client of that generation
#   .tools/clients/ubiops-cli-2.32.0/bin/ubiops             its command line. It writes its sign-in into its own package, so a
#                                                           test copies that package and runs the copy
#   .tools/clients/huaweicloudsdkmodelarts-3.1.219/bin/python
#   .tools/clients/openai-<version>/bin/python              OpenAI's client; the newer one on Python 3.10 or newer
#   .tools/clients/schemathesis-4.32.5/bin/st               not a client, but a tester of them all; on Python 3.11 or newer
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

PIP_VERSION=25.3

find_python 3.9
export PYTHONDONTWRITEBYTECODE=
platform="$("$python" -c 'import platform, sys; print("py%d.%d" % sys.version_info[:2], platform.system(), platform.machine(), sep="-")')"
mkdir -p "$TOOLS/clients"

# environment NAME LINK: the environment of scripts/clients/NAME.txt, as .tools/clients/LINK. In the cache its name holds the
# content of its requirements, so a change makes a new one and two clones never take each other's away.
environment() {
  local requirements="scripts/clients/$1.txt"
  local content place
  content="$(sha256 < "$requirements")"
  place="$CACHE/clients/$1-$platform-$(printf %.12s "$content")"
  if [ -e "$place/.complete" ] && "$place/bin/python" -c '' 2>/dev/null; then
    say "$2" there
  else
    say "$2" "installing into a virtual environment"
    rm -rf "$place"
    if [ "$1" = pytest ]; then
      "$python" -m venv "$place"
      "$place/bin/python" -m pip install --quiet "pip==$PIP_VERSION"
      "$place/bin/python" -m pip install --quiet --no-deps -r "$requirements"
      installer="$place/bin/python"
    else
      # One pip serves all the others.
      "$python" -m venv --without-pip "$place"
      "$installer" -m pip --python "$place/bin/python" install --quiet --no-deps -r "$requirements"
    fi
    : > "$place/.complete"
  fi
  ln -sfn "$place" "$TOOLS/clients/$2"
}

take_lock "$CACHE/locks/clients"
installer="$TOOLS/clients/venv/bin/python"
environment pytest venv
for file in scripts/clients/*-*.txt; do
  name="$(basename "$file" .txt)"
  least=3.9
  case "$name" in
    openai-3.*) least=3.10 ;;
    schemathesis-*) least=3.11 ;;
  esac
  if version_at_least "$version" "$least"; then
    environment "$name" "$name"
  else
    say "$name" "left out: it needs Python $least, and this is $version"
  fi
done
