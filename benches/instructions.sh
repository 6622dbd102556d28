#!/bin/bash
# instructions.sh: count the user-space instructions of the shipped daemon's hot requests, with callgrind.
#
# In: a release build, valgrind, python3. Out: a line for each number of domains: instructions per list_domain request
# over a socket, in all and in the encoder. A count is the difference between a long and a short run, so what the
# daemon does at its start is in neither. Instructions do not depend on how busy the machine is.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT

# instructions DOMAINS REQUESTS: in all, and in encode::dominfo with what it calls for digits
instructions() {
    rm -f "$folder"/s "$folder"/out
    valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
        target/release/xenopsd --sim "$1" --socket "$folder/s" 2>"$folder/log" &
    local daemon=$!
    python3 - "$folder/s" "$2" <<'PY'
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
    length = len(replies.readline())
print(length)
PY
    kill "$daemon"; wait "$daemon"
    callgrind_annotate --threshold=100 "$folder/out" | tr -d ',' |
        awk '/PROGRAM TOTALS/{all = $1} /encode::dominfo|decimal::write|builtin::uuid/{encode += $1} END{print all, encode}'
}

printf '%8s %12s %14s %14s %16s\n' domains "reply bytes" instructions "in the encoder" "encoder per byte"
for domains in 1 10 100 1000; do
    requests=$((2000 / domains + 20))
    { read -r bytes; read -r few few_encode; } < <(instructions "$domains" 10)
    { read -r bytes; read -r many many_encode; } < <(instructions "$domains" $((requests + 10)))
    awk -v d="$domains" -v b="$bytes" -v n="$requests" -v a=$((many - few)) -v e=$((many_encode - few_encode)) \
        'BEGIN{printf "%8d %12d %14.0f %14.0f %16.2f\n", d, b, a / n, e / n, e / n / b}'
done
