#!/usr/bin/env bash
# Prints the size of build/, wasm and JavaScript together, which is what a deployment uploads, and fails above the limit of 560 KB
# gzipped; then that of the console's script, which has limits of its own: 60 KB for what the first view loads, 120 KB in all.
# `--print` only prints (a module without wasm-opt is larger than the one that counts).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

LIMIT_BYTES=560000
CONSOLE_FIRST_BYTES=60000
CONSOLE_BYTES=120000

raw() { wc -c < "$1" | tr -d ' '; }
gzipped() { gzip -9 -c "$1" | wc -c | tr -d ' '; }

# sum_of FILE...: what they take when each is gzipped by itself, as it is sent.
sum_of() {
  local file sum=0
  for file in "$@"; do sum=$((sum + $(gzipped "$file"))); done
  echo "$sum"
}
# The scripts that the first view loads: those that the page names, and that view's own with all that it imports, of which Vite's
# manifest tells.
first_view() {
  node -e '
    const { readFileSync } = require("node:fs");
    const manifest = JSON.parse(readFileSync(".tools/console/manifest.json", "utf8"));
    const page = readFileSync("public/console/index.html", "utf8");
    const files = new Set(Array.from(page.matchAll(/"\/console\/(assets\/[^"]+\.js)"/g), ([, file]) => file));
    const take = (name) => {
      const { file, imports = [] } = manifest[name];
      files.add(file);
      imports.forEach(take);
    };
    take("src/pages/Start.svelte");
    console.log([...files].map((file) => "public/console/" + file).join("\n"));
  '
}

[ -s build/index_bg.wasm ] || die "nothing is built: make build-release"
read -r mode _ < build/.stamp || mode=unknown
wasm="$(gzipped build/index_bg.wasm)"
script="$(gzipped build/index.js)"
total=$((wasm + script))
say size "$(raw build/index_bg.wasm) bytes of wasm ($wasm gzipped), $(raw build/index.js) of JavaScript ($script gzipped); $mode"
# Not within the sum: a command that fails there goes unnoticed.
files="$(first_view)"
# shellcheck disable=SC2086 # Names that Vite makes, without spaces.
first="$(sum_of $files)"
all="$(sum_of public/console/assets/*.js)"
say size "$first bytes of the console's script for the first view, $all in all (gzipped)"
[ "${1:-}" != --print ] || exit 0
[ "$first" -lt "$CONSOLE_FIRST_BYTES" ] || die "$first bytes gzipped for the console's first view; the limit is $CONSOLE_FIRST_BYTES"
[ "$all" -lt "$CONSOLE_BYTES" ] || die "$all bytes gzipped of script in the console; the limit is $CONSOLE_BYTES"
[ "$mode" = release ] || die "the limit is for the release build: make build-release"
[ "$total" -lt "$LIMIT_BYTES" ] || die "$total bytes gzipped; the limit is $LIMIT_BYTES"
say size "$total bytes gzipped, below the limit of $LIMIT_BYTES"
