#!/bin/sh
# app.sh PROJECT FILE: makes a service user, of what is in BODY, that may send requests to what the project deploys. The answer, with
# its id and its token, goes into a file.
set -eu
umask 077
call="$(dirname "$0")/call.sh"
"$call" POST "$1/service-users" > "$2"
id="$(sed 's/.*"id":"\([^"]*\)".*/\1/' "$2")"
BODY='{"role": "deployment-request-user", "assignee_type": "user", "assignee": "'"$id"'"}' "$call" POST "$1/role-assignments"
