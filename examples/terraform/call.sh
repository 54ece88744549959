#!/bin/sh
# call.sh METHOD URL: one call of the API with the token in TENANTRY_TOKEN and the body in BODY; prints the answer, fails where it is refused.
exec curl -sS --fail-with-body -X "$1" "$2" -H "Authorization: Token $TENANTRY_TOKEN" -H "Content-Type: application/json" -d "${BODY:-}"
