#!/bin/bash
# Makes sure that cache/RELEASE/ holds what run.sh needs: packages, image, snapshot. Each is made again when what it was
# made from has changed: Debian's package versions, these files, this machine's C library, compiler or QEMU.
#
#   prepare.sh   prints, on standard error, one line for each part that it makes
#
# Several may run at once: the first makes, the others wait. From nothing it takes about half a minute.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
source ./release.sh

need() { # need PACKAGE COMMAND...: says what to install where COMMAND fails
    local package=$1
    shift
    "$@" > /dev/null || { echo "xen: run as root: apt-get install --no-install-recommends $package" >&2; exit 1; }
}
need qemu-system-x86 command -v qemu-system-x86_64
need gcc command -v gcc
need xz-utils command -v xz
need libxen-dev test -e /usr/include/xen/xen.h

mkdir -p "$cache"
exec 9> "$cache/lock"
flock 9

# make NAME SOURCES COMMAND...: COMMAND fills the directory that is its last argument. SOURCES is all that it depends on.
make() {
    local name=$1 key
    key=$(sha256sum <<< "$2")
    shift 2
    [ "$(cat "$cache/$name/key" 2> /dev/null)" != "$key" ] || return 0
    echo "xen: making tests/xen/cache/$release/$name" >&2
    rm -rf "$cache/$name" "$cache/$name.part"
    mkdir "$cache/$name.part"
    "$@" "$cache/$name.part" 9>&-
    echo "$key" > "$cache/$name.part/key"
    mv "$cache/$name.part" "$cache/$name"
}

listed=$(./fetch.sh --list)
make packages "$listed $(cat fetch.sh release.sh)" ./fetch.sh
make image "$(cat "$cache"/packages/key image.sh libraries.sh dom0/* guest/*; ldd --version; gcc --version)" \
    ./image.sh "$cache/packages"
make snapshot "$(cat "$cache"/image/key snapshot.sh machine.sh; qemu-system-x86_64 --version)" ./snapshot.sh "$cache/image"
