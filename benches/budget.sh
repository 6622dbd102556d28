#!/bin/bash
# budget.sh: where the user-space instructions of a lone request go, stage by stage, with callgrind.
#
# In: a release build, valgrind, python3. Out: a table for PERF.md. Each stage is a function of the shipped daemon with
# all that it calls; what no stage has is the last line but one. Counts are the difference between a long and a short run.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d); daemon=
trap 'kill "$daemon" 2>/dev/null || true; rm -rf "$folder"' EXIT

# profile DOMAINS REQUEST COUNT FILE: instructions of each function with what it calls
profile() {
    rm -f "$folder/s"
    valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
        target/release/xenopsd --sim "$1" --socket "$folder/s" 2>"$folder/log" &
    daemon=$!
    python3 - "$folder/s" "$2" "$3" <<'PY'
import socket, sys, time
path, request, count = sys.argv[1], sys.argv[2].encode() + b"\n", int(sys.argv[3])
stream = socket.socket(socket.AF_UNIX)
stream.settimeout(600)
for _ in range(600):
    try:
        stream.connect(path)
        break
    except OSError:
        time.sleep(0.1)
replies = stream.makefile("rb")
for _ in range(count):
    stream.sendall(request)
    replies.readline()
PY
    kill "$daemon"; wait "$daemon" || true
    callgrind_annotate --inclusive=yes --threshold=100 "$folder/out" >"$4"
}

column() { # NAME DOMAINS REQUEST MORE
    profile "$2" "$3" 10 "$folder/$1.few"
    profile "$2" "$3" $(($4 + 10)) "$folder/$1.many"
    echo "$4" >"$folder/$1.count"
}

column one 1 '{"jsonrpc":"2.0","id":1,"method":"list_domain"}' 1000
column info 1000 '{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":7}}' 1000
column thousand 1000 '{"jsonrpc":"2.0","id":1,"method":"list_domain"}' 50
python3 - "$folder" <<'PY'
import re, sys
COLUMNS = {"one": "`list_domain`, 1 domain", "info": "`domain_info`", "thousand": "`list_domain`, 1000 domains"}
STAGES = [
    ("receive: `Connection::receive`", r"Connection::receive"),
    ("find the frame: `Scanner::scan`", r"Scanner::scan"),
    ("parse: simd-json's `fill_tape`", r"fill_tape"),
    ("read the envelope: `Envelope::read`", r"Envelope::read"),
    ("the simulated call", r"sim::calls::domains::libxl_(list_domain|domain_info)"),
    ("libxl's free", r"libxl_dominfo_(list_free|dispose)"),
    ("write the result: the method without the two above", r"api::methods::(list_domain|domain_info)"),
]

def counts(path):
    found = {}
    for line in open(path):
        parts = re.match(r"\s*([\d,]+) \([ \d.]+%\)\s+(\S.*)", line)
        if parts:
            found.setdefault(parts[2], int(parts[1].replace(",", "")))
    return found

def of(name, pattern):
    few, many = (counts(f"{sys.argv[1]}/{name}.{which}") for which in ("few", "many"))
    # The first that matches has all of the others in it: libxl's free of a list calls that of each element.
    for function in sorted(many, key=many.get, reverse=True):
        if re.search(pattern, function):
            return (many[function] - few.get(function, 0)) / int(open(f"{sys.argv[1]}/{name}.count").read())
    return 0.0

table = {name: [of(name, pattern) for _, pattern in STAGES] for name in COLUMNS}
for row in table.values():
    row[-1] -= row[-2] + row[-3]
everything = {name: of(name, r"PROGRAM TOTALS") for name in COLUMNS}
print("| stage | " + " | ".join(COLUMNS.values()) + " |")
print("|---" * (len(COLUMNS) + 1) + "|")
for at, (stage, _) in enumerate(STAGES):
    print(f"| {stage} | " + " | ".join(f"{row[at]:.0f}" for row in table.values()) + " |")
print("| the loop, dispatch, both ends of the reply, sending | "
      + " | ".join(f"{everything[name] - sum(table[name]):.0f}" for name in COLUMNS) + " |")
print("| all | " + " | ".join(f"{everything[name]:.0f}" for name in COLUMNS) + " |")
PY
