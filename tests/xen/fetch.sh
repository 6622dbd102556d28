#!/bin/bash
# Downloads Xen, its tools and a dom0 kernel as Debian packages and unpacks them; nothing is installed.
#
#   fetch.sh --list   prints the packages' versions and checksums: the same text, the same packages
#   fetch.sh DIR      unpacks the packages into DIR (about 76 MB to download)
#
# Needs apt's package lists of Debian 12 on amd64, and its mirror; not root. Lists that are missing, or so old that
# the mirror no longer has the packages, are updated first if this is root or sudo asks for no password.
set -euo pipefail

release=${XEN_RELEASE:-4.17}
packages=(
    "xen-hypervisor-$release-amd64" "xen-utils-$release" xenstore-utils
    "libxenmisc$release" libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1
    libxenhypfs1 libxenstore4 libxentoolcore1 libxentoollog1 libyajl2 busybox-static
)
# The dom0 kernel is unpacked in part: whole, it is 420 MB.
kernel_files=(
    './boot/vmlinuz-*' '*/drivers/xen/*' '*/drivers/virtio/*' '*/drivers/net/virtio_net.ko'
    '*/drivers/net/net_failover.ko' '*/net/core/failover.ko'
    '*/drivers/net/xen-netback/*' '*/drivers/block/xen-blkback/*' '*/drivers/block/loop.ko'
)

# linux-image-amd64 is empty; it depends on the newest kernel. A package that is installed, but not in the lists, has no
# checksum.
list() {
    local all
    all=$(apt-cache show --no-all-versions "${packages[@]}" linux-image-amd64 | grep -E '^(Package|Version|Depends|SHA256):')
    [ "$(grep -c ^SHA256: <<< "$all")" = $((${#packages[@]} + 1)) ] && echo "$all"
}
kernel() { list | grep -o 'linux-image-[0-9][^ ,]*'; }

# As root, apt-get would become the user _apt, who may not write here.
download() {
    apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download "${packages[@]}" "$(kernel)"
}

update_lists() {
    echo "xen: updating apt's package lists" >&2
    if [ "$(id -u)" = 0 ]; then apt-get -qq update; else sudo -n apt-get -qq update; fi && return
    echo "xen: apt's package lists are missing or out of date; run as root: apt-get update" >&2
    exit 1
}

unpack() { # unpack PACKAGE DIR
    local only=()
    case ${1##*/} in linux-image-*) only=(--wildcards "${kernel_files[@]}") ;; esac
    dpkg --fsys-tarfile "$1" | tar -x --no-same-owner -C "$2" "${only[@]}"
}

if [ "$1" = --list ]; then
    list 2> /dev/null || { update_lists && list; }
    exit
fi

tree=$(realpath "$1")
debs=$(mktemp -d)
trap 'rm -rf "$debs"' EXIT
cd "$debs"
download || { update_lists && download; }
for deb in *.deb; do unpack "$deb" "$tree"; done
