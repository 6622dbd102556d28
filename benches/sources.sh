#!/bin/bash
# sources.sh: count the user-space instructions of list_domain by both sources of domains, with callgrind.
#
# In: a release build, valgrind, python3, a C compiler, libxen-dev. Out: a line for each number of domains:
# instructions per request over a socket, by hypercall and through libxl, on the make-believe hypervisor of
# tests/hypervisor, and how many times as many. The hypervisor's own time is in neither, and neither is the kernel's,
# which maps and unmaps memory for libxl. A count is the difference between a long and a short run.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cc -shared -fPIC -O2 -o "$folder/hypervisor.so" tests/hypervisor/privcmd.c

# instructions SOURCE DOMAINS REQUESTS: in all
instructions() {
    rm -f "$folder"/s "$folder"/out
    MAKE_BELIEVE_DOMAINS=$2 LD_PRELOAD=$folder/hypervisor.so valgrind --tool=callgrind \
        --callgrind-out-file="$folder/out" target/release/xenopsd --source "$1" --socket "$folder/s" 2>"$folder/log" &
    local daemon=$!
    python3 - "$folder/s" "$3" <<'PY'
import socket, sys, time
stream = socket.socket(socket.AF_UNIX)
for _ in range(600):
    try:
        stream.connect(sys.argv[1])
        break
    except OSError:
        time.sleep(0.1)
replies = stream.makefile("rb")
for _ in range(int(sys.argv[2])):
    stream.sendall(b'{"jsonrpc":"2.0","id":1,"method":"list_domain"}\n')
    assert b'"result":[{' in replies.readline()
PY
    kill "$daemon"; wait "$daemon"
    awk '/^totals:|^summary:/{print $2; exit}' "$folder/out"
}

# each SOURCE DOMAINS: instructions per request
each() {
    local few many requests=$((1000 / $2 + 5))
    few=$(instructions "$1" "$2" 5)
    many=$(instructions "$1" "$2" $((requests + 5)))
    echo $(((many - few) / requests))
}

printf '%8s %14s %14s %8s\n' domains hypercall libxl times
for domains in 1 10 100 1000; do
    below=$(each hypercall "$domains") above=$(each libxl "$domains")
    awk -v d="$domains" -v b="$below" -v a="$above" 'BEGIN{printf "%8d %14d %14d %8.1f\n", d, b, a, a / b}'
done
