#!/bin/bash
# Boots Xen and dom0 until dom0/init is READY and keeps the whole machine in a file, from which run.sh goes on.
#
#   snapshot.sh IMAGE DIR   boots what image.sh made in IMAGE; makes DIR/state and DIR/console.log
#
# Needs qemu-system-x86_64; neither KVM nor root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
image=$(realpath "$1")
source "$here/machine.sh"
cd "$2"
ln -s "$image"/{xen,vmlinux,initrd.cpio} . # names that QEMU's options cannot take for anything else

xen="console=com1 com1=115200,8n1 dom0_mem=384M,max:384M dom0_max_vcpus=1 dom0_vcpus_pin bootscrub=0 spec-ctrl=no"
dom0="console=hvc0 rdinit=/init panic=-1 quiet mitigations=off"

coproc qemu {
    exec "${machine[@]}" -kernel xen -append "$xen" \
        -initrd "vmlinux ${dom0//,/,,},initrd.cpio" \
        -netdev user,id=host,restrict=on \
        -serial file:console.log -serial null -monitor stdio
} > qemu.log 2>&1
# shellcheck disable=SC2154 # coproc sets it, and unsets it when QEMU ends
pid=$qemu_PID
trap 'kill "$pid" 2> /dev/null || true' EXIT

wait_for() { # wait_for WHAT COMMAND...: until COMMAND succeeds, while QEMU runs, for two minutes at most
    local what=$1 deadline=$((SECONDS + 120))
    shift
    until "$@"; do
        if ! kill -0 "$pid" 2> /dev/null || [ $SECONDS -gt $deadline ]; then
            echo "xen: $what; QEMU and the console said:" >&2
            tail -n 40 qemu.log console.log >&2
            exit 1
        fi
        sleep 0.1
    done
}

wait_for "dom0 did not come up" grep -qs READY console.log
printf '%s\n' 'migrate_set_parameter max-bandwidth 10G' 'migrate -d "exec:cat > part && mv part state"' >&"${qemu[1]}"
wait_for "the snapshot was not taken" test -e state
rm xen vmlinux initrd.cpio
