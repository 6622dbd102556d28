#!/bin/bash
# Copies the shared libraries that programs need, the loader included, into a file tree.
#
#   libraries.sh PACKAGES TREE PROGRAM...
#
# They come from the unpacked packages in PACKAGES, or else from this machine. Where PACKAGES has a C library, its
# loader looks for them. Fails if one is missing.
set -euo pipefail
packages=$(realpath "$1") tree=$2
shift 2

libraries=$packages/usr/lib/x86_64-linux-gnu
loader=$libraries/ld-linux-x86-64.so.2
[ -e "$loader" ] || loader=/lib64/ld-linux-x86-64.so.2
mkdir -p "$tree/lib/x86_64-linux-gnu" "$tree/lib64"
for program; do "$loader" --library-path "$libraries" --list "$program"; done | sort -u | while IFS= read -r line; do
    line=${line#$'\t'}
    name=${line%% *} path=${line#* => }
    case $line in
    *' => not found') echo "xen: this machine has no $name" >&2; exit 1 ;;
    /lib64/*) cp -L "$loader" "$tree/lib64/" ;;
    *' => /'*) cp -L "${path% (*}" "$tree/lib/x86_64-linux-gnu/$name" ;;
    esac
done
