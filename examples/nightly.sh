#!/bin/sh
# A shell script that always has a fresh token: the names of all connected accounts.
#
#     ./nightly.sh
#
# Exit status: 0 done, 75 something may work later, 77 a person has to log in again.
set -eu

api=${TIKTOK_BASE_URL:-https://open.tiktokapis.com}
worst=0

for open_id in $(tiktok-oauth accounts list --status active | awk '{ print $2 }'); do
    # Two dashes: an open_id often begins with one.
    if token=$(tiktok-oauth token -- "$open_id"); then
        # The token goes through standard input, not onto a command line that others can see.
        printf 'header = "Authorization: Bearer %s"\n' "$token" |
            curl --silent --show-error --fail --config - "$api/v2/user/info/?fields=display_name"
        echo
    else
        status=$?
        echo "$open_id: status $status" >&2
        [ "$status" -le "$worst" ] || worst=$status
    fi
done

exit "$worst"
