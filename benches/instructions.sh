#!/bin/bash
# instructions.sh [check|update]: count the user-space instructions of the shipped daemon's hot requests, with callgrind.
#
# In: a release build, valgrind, python3, a C compiler. Out: a table in Markdown with a line for each kind of request:
# how long its reply is, how many instructions it takes in all, how many of these in the encoder (for a list that is kept,
# with the comparison of each record with what it was), and, where each byte of the reply is written for it, how many of
# those a byte. Of domain_stats, whose encoder is another, only the whole is counted. Domains are those of the simulated
# host or, where the name says so, of the make-believe hypervisor of tests/hypervisor, asked by hypercall or through libxl;
# their numbers are longer. There, cpu_time of all domains moves from list to list, but for these cases of a kept list:
#
#   nothing_new     nothing has changed
#   with_labels     FLASK is on: each domain is encoded, and copied to where it was
#   written_anew    the first domain is shorter or longer each time, so all that follows is written again
#
# The hypervisor's own time is not counted, and neither is the kernel's. With `update`, the figures go to instructions.txt; with `check`, they are held against those there: exit 1
# if one has grown by more than TOLERANCE percent, or has fallen by as much and nobody has said so. Instructions do not
# depend on how busy the machine is, but they do on the compiler, and on the processor, for which libc and the parser
# choose their loops: figures of others are not compared, and it says so.
#
# A count is the difference between a long and a short run, so what the daemon does at its start is in neither.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly TOLERANCE=3 FIGURES=benches/instructions.txt
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
readonly ENCODER='encode::dominfo|kept::|methods::list_domain |decimal::write|builtin::uuid'
cc -shared -fPIC -O2 -o "$folder/hypervisor.so" tests/hypervisor/privcmd.c

# run DOMAINS KIND COUNT: the length of the last reply; then instructions in all, and in the encoder with what it calls for
# digits. It is a process of its own.
run() {
    local host=(--source hypercall) setup=(LD_PRELOAD="$folder/hypervisor.so" MAKE_BELIEVE_DOMAINS="$1")
    case $2 in
        hypercall) setup+=(MAKE_BELIEVE_CLOCKS=1) ;;
        libxl) setup+=(MAKE_BELIEVE_CLOCKS=1) host=(--source libxl) ;;
        still) ;;
        labels) setup+=(MAKE_BELIEVE_CLOCKS=1 MAKE_BELIEVE_LABELS=1) ;;
        states) setup+=(MAKE_BELIEVE_CLOCKS=1 MAKE_BELIEVE_STATES=1) ;;
        *) setup=() host=(--sim "$1") ;;
    esac
    rm -f "$folder"/s "$folder"/out
    env "${setup[@]}" valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
        target/release/xenopsd "${host[@]}" --socket "$folder/s" 2>"$folder/log" &
    daemon=$!
    trap 'kill "$daemon" 2>/dev/null || true' EXIT
    python3 - "$folder/s" "$2" "$3" <<'PY'
import json, socket, sys, time
path, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
LIST = b'{"jsonrpc":"2.0","id":1,"method":"list_domain"}\n'
FIELDS = b'{"jsonrpc":"2.0","id":1,"method":"list_domain","params":{"fields":["domid","cpu_time"]}}\n'
DOMIDS = b'{"jsonrpc":"2.0","id":1,"method":"list_domain","params":{"domids":[7,500]}}\n'
STATS = b'{"jsonrpc":"2.0","id":1,"method":"domain_stats"}\n'
COUNTERS = b'{"jsonrpc":"2.0","id":1,"method":"domain_stats","params":[["state","cpu","memory"]]}\n'
SINCE = b'{"jsonrpc":"2.0","id":1,"method":"domain_stats","params":[["state","memory"],null,null,%d]}\n'
INFO = b'{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":%d}}\n'

def connect():
    for _ in range(600):
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.connect(path)
            stream.settimeout(600)
            return stream, stream.makefile("rb")
        except OSError:
            stream.close()
            time.sleep(0.1)
    sys.exit("the daemon does not answer")

stream, replies = connect()
def ask(requests):
    stream.sendall(b"".join(requests))
    return [len(replies.readline()) for _ in requests][-1]

def generation(since):
    stream.sendall(SINCE % since)
    return json.loads(replies.readline())["result"]["generation"]

since = generation(generation(0)) if kind == "since" else 0
slow = []
if kind == "beside":
    for _ in range(64):
        slow.append(connect())
        slow[-1][0].sendall(LIST * 4)
        # One after the other, or some would share a call, now and then.
        for _ in range(4):
            ask([INFO % 7])
for _ in range(count):
    length = ask({
        "list": [LIST],
        "fields": [FIELDS],
        "domids": [DOMIDS],
        "stats": [STATS],
        "counters": [COUNTERS],
        "since": [SINCE % since],
        "hypercall": [LIST],
        "libxl": [LIST],
        "still": [LIST],
        "labels": [LIST],
        "states": [LIST],
        "info": [INFO % 7],
        "beside": [INFO % 7],
        "same": [LIST] * 16,
        "different": [INFO % domid for domid in range(16)],
    }[kind])
print(length)
PY
    kill "$daemon"; wait "$daemon"
    trap - EXIT
    # Behind the ioctl is what would be the hypervisor.
    local below
    below=$(callgrind_annotate --inclusive=yes --threshold=100 "$folder/out" | tr -d ',' |
        awk '/:ioctl \[.*hypervisor.so/{sum += $1} END{print sum + 0}')
    callgrind_annotate --threshold=100 "$folder/out" | tr -d ',' | awk -v below="$below" -v encoder="$ENCODER" \
        '/PROGRAM TOTALS/{all = $1} $0 ~ encoder {encode += $1}
            END{print all - below, encode + 0}'
}

# measure NAME DOMAINS KIND COUNT AT_ONCE [part|other]: "part" where most bytes of a reply are those of an earlier one,
# "other" where another encoder writes them.
measure() {
    { read -r bytes; read -r few few_encode; } < <(run "$2" "$3" 10)
    { read -r bytes; read -r many many_encode; } < <(run "$2" "$3" $(($4 + 10)))
    awk -v name="$1" -v b="$bytes" -v n=$(($4 * $5)) -v a=$((many - few)) -v e=$((many_encode - few_encode)) -v how="${6:-}" \
        'BEGIN{printf "| %-38s | %11d | %12.0f | %14s | %6s |\n", name, b, a / n,
            how == "other" ? "" : sprintf("%.0f", e / n), how == "" ? sprintf("%.2f", e / n / b) : ""}'
}

measure_all() {
    for domains in 1 10 100 1000; do
        measure "list_domain_$domains" $domains list $((1000 / domains + 20)) 1 part
    done
    measure list_domain_1000_two_fields 1000 fields 20 1
    measure list_domain_1000_two_domids 1000 domids 1000 1
    for domains in 1 1000; do
        measure "domain_stats_$domains" $domains stats $((1000 / domains + 20)) 1 other
        measure "domain_stats_${domains}_counters" $domains counters $((1000 / domains + 20)) 1 other
    done
    measure domain_stats_1000_nothing_new 1000 since 20 1 other
    for domains in 1 10 100 1000; do
        measure "list_domain_${domains}_by_hypercall" $domains hypercall $((1000 / domains + 20)) 1 part
    done
    measure list_domain_1000_nothing_new 1000 still 20 1 part
    measure list_domain_1000_with_labels 1000 labels 20 1 part
    measure list_domain_1000_written_anew 1000 states 20 1
    measure list_domain_1_through_libxl 1 libxl 200 1 part
    measure list_domain_1000_through_libxl 1000 libxl 5 1 part
    measure domain_info 1000 info 1000 1
    measure domain_info_beside_64_slow 1000 beside 1000 1
    measure burst_of_16_equal 1 same 200 16 part
    measure burst_of_16_different 20 different 200 16
}

processor=$(sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)
made_with="$(rustc --version | cut -d ' ' -f 1-2), $(getconf GNU_LIBC_VERSION), ${processor:-unknown processor}"
printf '| %-38s | %11s | %12s | %14s | %6s |\n' request "reply bytes" instructions "in the encoder" "a byte"
echo '|---|---|---|---|---|'
measure_all | tee "$folder/measured"
case ${1:-} in
    "") ;;
    update)
        { echo "# Instructions a request: benches/instructions.sh update"
          echo "$made_with"; awk '{print $2, $6}' "$folder/measured"; } >"$FIGURES" ;;
    check)
        known=$(sed -n 2p "$FIGURES")
        if [ "$known" != "$made_with" ]; then
            echo "skipped: the figures in $FIGURES are of $known, this is $made_with"
            exit 0
        fi
        awk -v tolerance=$TOLERANCE -v figures=$FIGURES '
            NR == FNR { if (FNR > 2) known[$1] = $2; next }
            !($2 in known) { print "no figure for " $2; bad = 1; next }
            { change = ($6 / known[$2] - 1) * 100; seen[$2] = 1 }
            change > tolerance || change < -tolerance {
                printf "%s: %d instructions, %+.1f %%: %d are in %s\n", $2, $6, change, known[$2], figures; bad = 1 }
            END { for (name in known) if (!(name in seen)) { print "not measured: " name; bad = 1 }
                if (bad) print "if that is as it should be: benches/instructions.sh update"
                exit bad }' "$FIGURES" "$folder/measured" ;;
    *) echo "usage: $0 [check|update]" >&2; exit 2 ;;
esac
