#!/bin/sh
# call.sh METHOD URL: one call of the API with the token in TENANTRY_TOKEN and the body in BODY; prints the answer, fails where it is refused.
# The token goes in by the standard input: what stands on a command line is seen by everybody on the machine.
printf 'header = "Authorization: Token %s"\n' "$TENANTRY_TOKEN" |
  curl -K - -sS --fail-with-body -X "$1" "$2" -H "Content-Type: application/json" -d "${BODY:-}"
