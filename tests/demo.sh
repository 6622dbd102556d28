#!/bin/bash
# demo.sh BINARIES: xenopsd at work on a simulated host of ten domains.
#
# In: the folder with xenopsd and xenops. Out: what a person would see. The socket lies in a private temporary folder,
# and nothing is left behind.
set -euo pipefail
bin=$(cd "$1" && pwd)
folder=$(mktemp -d)
export XENOPS_SOCKET=$folder/xenopsd.sock

"$bin/xenopsd" --sim 10 --socket "$XENOPS_SOCKET" & daemon=$!
trap 'kill $daemon 2>/dev/null; wait $daemon 2>/dev/null; rm -rf "$folder"' EXIT
until [ -S "$XENOPS_SOCKET" ]; do kill -0 $daemon; sleep 0.05; done

show() { printf '\n$ %s\n' "$*"; "$@"; }
PATH=$bin:$PATH
show xenops list
show xenops call domain_info '{"domid": 1}'

request='{"jsonrpc": "2.0", "id": 1, "method": "domid_to_name", "params": {"domid": 1}}'
printf '\nThe same without any client: one request, one reply\n--> %s\n<-- ' "$request"
printf '%s' "$request" | socat -t 10 - "UNIX-CONNECT:$XENOPS_SOCKET"
