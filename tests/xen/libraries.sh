#!/bin/bash
# Copies the shared libraries that programs need, the loader included, into a file tree.
#
#   libraries.sh PACKAGES TREE PROGRAM...
#
# Xen's libraries come from the unpacked packages in PACKAGES, all others from this machine. Fails if one is missing.
set -euo pipefail
packages=$(realpath "$1") tree=$2
shift 2

export LD_LIBRARY_PATH=$packages/usr/lib/x86_64-linux-gnu
mkdir -p "$tree/lib/x86_64-linux-gnu" "$tree/lib64"
for program; do ldd "$program"; done | sort -u | while IFS= read -r line; do
    line=${line#$'\t'}
    name=${line%% *} path=${line#* => }
    case $line in
    *' => not found') echo "xen: this machine has no $name" >&2; exit 1 ;;
    *' => /'*) cp -L "${path% (*}" "$tree/lib/x86_64-linux-gnu/$name" ;;
    /lib64/*) cp -L "$name" "$tree/lib64/" ;;
    esac
done
