#!/bin/bash
# Runs a scenario in the dom0 of a real Xen, emulated by QEMU, beginning at the snapshot that prepare.sh keeps.
#
#   run.sh SCENARIO FOLDER DIR PROGRAM...   lays the PROGRAMs, with the libraries they need, into dom0's /bin, and runs
#                                           scenarios/SCENARIO there, with the files of FOLDER beside it
#
# Makes in DIR: console.log, what Xen, dom0 and the scenario printed; evidence/, what the scenario left in /evidence.
# Exit status: 0 if the scenario's was 0, else 1, and standard error says why.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
source "$here/machine.sh"
source "$here/release.sh"
scenario=$1
folder=$(realpath "$2")
dir=$(realpath -m "$3")
shift 3

pack_overlay() { # pack_overlay FILE PROGRAM...
    local file=$1 tree=$dir/overlay program
    shift
    mkdir -p "$tree/bin" "$tree/scenario"
    for program; do strip --strip-debug -o "$tree/bin/${program##*/}" "$program"; done
    "$here/libraries.sh" "$cache/packages" "$tree" "$@"
    cp -r "$here"/scenarios/. "$folder"/. "$tree/scenario/"
    ln -s "$scenario" "$tree/scenario/run"
    tar -c --owner=0 --group=0 -C "$tree" -f "$file" .
    rm -rf "$tree"
}

fail() { # fail WHY
    { echo "xen: scenario $scenario: $1; the console said last:"; tail -n 40 "$dir/console.log"; } >&2
    exit 1
}

"$here/prepare.sh"
rm -rf "$dir"
mkdir -p "$dir/evidence"
pack_overlay "$dir/overlay.tar" "$@"
cd "$dir"
ln -s "$cache/snapshot/state" . # a name that a shell leaves as it is

# dom0/init waits for a line on the second serial port, fetches the overlay from port 1 of an address that slirp makes up,
# and sends the evidence to port 2. Lines that come before the snapshot is loaded are lost, so there are many.
status=0
timeout --kill-after=5 600 "${machine[@]}" -incoming "exec:cat state" \
    -netdev "user,id=host,restrict=on,guestfwd=tcp:10.0.2.100:1-cmd:cat overlay.tar,guestfwd=tcp:10.0.2.100:2-cmd:tar -x -C evidence" \
    -serial file:console.log -serial stdio \
    < <(while echo go; do sleep 0.1; done 2> /dev/null) > /dev/null || status=$?
rm overlay.tar state

# isa-debug-exit turned the byte that dom0/init wrote, 16 + the scenario's status, into 1 + 2 * byte.
case $status in
33) ;;
124 | 137) fail "not over after 600 s" ;;
*) fail "QEMU ended with $status (if the scenario came to its end: 33 + 2 * its status)" ;;
esac
