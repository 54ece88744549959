#!/usr/bin/env bash
# Makes .dev.vars, the secrets and switches of local development, on the first run; leaves an existing one alone. A variable of the
# same name in the environment wins. Readable by its owner only, and never committed.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

[ ! -e .dev.vars ] || exit 0

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# variable NAME DEFAULT: one line. The characters are those that neither the file's format nor a shell gives a meaning to.
variable() {
  local value
  value="$(printenv "$1" || true)"
  value="${value:-$2}"
  case "$value" in
    *[!A-Za-z0-9._~+/=-]*) die "$1 in the environment may consist of A-Z a-z 0-9 . _ ~ + / = - only" ;;
  esac
  printf '%s=%s\n' "$1" "$value"
}

operator="$(printenv OPERATOR_TOKEN || true)"
[ -z "$operator" ] || [ "${#operator}" -ge 32 ] || die "OPERATOR_TOKEN in the environment has fewer than 32 characters: the operator would be disabled"

umask 077
new="$(mktemp .dev.vars.XXXXXX)"
trap 'rm -f "$new"' EXIT
{
  variable OPERATOR_TOKEN "$(random_hex 20)"
  variable TOKEN_KEY "$(random_hex 32)"
  variable SIGNING_KEY "$(random_hex 32)"
  variable SERVER_TIMING true
  variable ALLOW_LOOPBACK_UPSTREAMS true
} > "$new"
mv "$new" .dev.vars
say .dev.vars "made, with fresh secrets"
