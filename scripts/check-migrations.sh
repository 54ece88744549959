#!/usr/bin/env bash
# A migration that has landed never changes, since some installation has applied it. migrations/checksums holds the SHA-256 of
# each file; `check-migrations.sh` fails when one was edited, removed or inserted before another, or is not in the list yet;
# `check-migrations.sh --add` appends what is new. The list itself only grows: compared with the committed one, where there is one.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

LIST=migrations/checksums
[ -e "$LIST" ] || [ "${1:-}" = --add ] || die "$LIST is missing: scripts/check-migrations.sh --add"

wrong=0
complain() { printf 'error: %s\n' "$*" >&2; wrong=1; }

# starts_with FILE: whether the list begins with the lines that arrive on standard input.
extends() {
  local line number=0
  while IFS= read -r line; do
    number=$((number + 1))
    [ "$(sed -n "${number}p" "$LIST")" = "$line" ] || complain "$LIST, line $number: '$line' has landed and may not change"
  done
}

last=
if [ -e "$LIST" ]; then
  # The commit that this change is compared with: main's where that is known, else the one before.
  for base in ${MIGRATIONS_BASE:-} origin/main HEAD; do
    if committed="$(git show "$base:$LIST" 2>/dev/null)"; then
      extends <<< "$committed"
      break
    fi
  done
  while read -r sum name; do
    if [ ! -f "migrations/$name" ]; then
      complain "migrations/$name has landed and may not go"
    elif [ "$(sha256 < "migrations/$name")" != "$sum" ]; then
      complain "migrations/$name has landed and may not change: add another file instead"
    fi
    last="$name"
  done < "$LIST"
fi

for file in migrations/*.sql; do
  [ -e "$file" ] || continue
  name="${file#migrations/}"
  case "$name" in [0-9][0-9][0-9][0-9]_*.sql) ;; *) complain "$file: a migration is named 0001_what_it_does.sql" ;; esac
  if [ -e "$LIST" ] && grep -q "  $name\$" "$LIST"; then
    continue
  fi
  # Byte order, as the tools that apply them sort.
  if [ -n "$last" ] && [ "$(printf '%s\n%s\n' "$last" "$name" | LC_ALL=C sort | tail -n 1)" != "$name" ]; then
    complain "$file sorts before $last, which has landed: give it a higher number"
  elif [ "${1:-}" = --add ]; then
    printf '%s  %s\n' "$(sha256 < "$file")" "$name" >> "$LIST"
    say migrations "$name added to $LIST"
  else
    complain "$file is not in $LIST yet: scripts/check-migrations.sh --add"
  fi
  last="$name"
done
[ "$wrong" = 0 ] || exit 1
say migrations "as they landed"
