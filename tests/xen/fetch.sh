#!/bin/bash
# Downloads Xen, its tools and a dom0 kernel as Debian packages and unpacks them; nothing is installed.
#
#   fetch.sh --list   prints the packages' versions and checksums: the same text, the same packages
#   fetch.sh DIR      unpacks the packages into DIR (about 76 MB to download)
#
# Needs apt's package lists of Debian 12 on amd64, and its mirror; not root. Lists that are missing, or so old that
# the mirror no longer has the packages, are updated first if this is root or sudo asks for no password.
#
# The packages of 4.20 come from Debian 13, out of the same mirror, with lists of their own; and with them libxen-dev,
# the C library and the others that they need. The kernel stays this Debian's.
set -euo pipefail
source "$(dirname "$(realpath "$0")")/release.sh"

packages=(
    "xen-hypervisor-$release-amd64" "xen-utils-$release" xenstore-utils
    "libxenmisc$release" libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1
    libxenhypfs1 libxenstore4 libxentoolcore1 libxentoollog1 libyajl2 busybox-static
)
apt=() # options with which apt knows these packages
case $release in
4.17) ;;
4.20)
    suite=trixie lists=$cache/apt
    packages+=(libxen-dev libc6 libgcc-s1 libuuid1 zlib1g liblzma5 libzstd1 libncurses6 libtinfo6)
    apt=(
        -o Dir::Etc::sourcelist="$lists/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$lists/lists"
        -o Dir::State::status="$lists/status" -o Dir::Cache="$lists/cache" -o APT::Sandbox::User=root
    )
    ;;
*) echo "xen: there are packages of 4.17 and of 4.20, not of $release" >&2; exit 1 ;;
esac
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
    all=$({
        apt-cache "${apt[@]}" show --no-all-versions "${packages[@]}"
        apt-cache show --no-all-versions linux-image-amd64
    } | grep -E '^(Package|Version|Depends|SHA256):')
    [ "$(grep -c ^SHA256: <<< "$all")" = $((${#packages[@]} + 1)) ] && echo "$all"
}
kernel() { list | grep -o 'linux-image-[0-9][^ ,]*'; }

# As root, apt-get would become the user _apt, who may not write here.
download() {
    local options=(-qq -o APT::Sandbox::User=root -o Acquire::Retries=3)
    apt-get "${options[@]}" "${apt[@]}" download "${packages[@]}" && apt-get "${options[@]}" download "$(kernel)"
}

# The sources that apt has here, with that Debian in place of this one.
update_own_lists() {
    local this
    this=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mkdir -p "$lists"/{lists,cache/archives}/partial
    : > "$lists/status"
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed "s/ $this/ $suite/" > "$lists/sources.list"
    apt-get -qq "${apt[@]}" update
}

update_lists() {
    echo "xen: updating apt's package lists" >&2
    [ ${#apt[@]} = 0 ] || update_own_lists
    if [ "$(id -u)" = 0 ]; then apt-get -qq update; else sudo -n apt-get -qq update; fi && return
    echo "xen: apt's package lists are missing or out of date; run as root: apt-get update" >&2
    exit 1
}

unpack() { # unpack PACKAGE DIR
    local only=()
    case ${1##*/} in linux-image-*) only=(--wildcards "${kernel_files[@]}") ;; esac
    dpkg --fsys-tarfile "$1" | tar -x --no-same-owner --keep-directory-symlink -C "$2" "${only[@]}"
}

if [ "$1" = --list ]; then
    list 2> /dev/null || { update_lists && list; }
    exit
fi

tree=$(realpath "$1")
debs=$(mktemp -d)
trap 'rm -rf "$debs"' EXIT
cd "$debs"
for directory in bin lib lib64; do # one place for each, whichever a package uses
    mkdir -p "$tree/usr/$directory"
    ln -s "usr/$directory" "$tree/$directory"
done
download || { update_lists && download; }
for deb in *.deb; do unpack "$deb" "$tree"; done
