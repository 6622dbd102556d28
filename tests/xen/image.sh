#!/bin/bash
# Makes what QEMU boots.
#
#   image.sh PACKAGES DIR   from the packages unpacked in PACKAGES, makes in DIR:
#       xen          the hypervisor, as the plain ELF file that QEMU's multiboot loader takes
#       vmlinux      dom0's kernel
#       initrd.cpio  dom0's file system: busybox, xenstored, xl, their libraries, kernel modules, dom0/init,
#                    dom0/hotplug, and the guest kernels /guests/tinypv and /guests/tinypvh
#
# Needs gcc, Xen's public headers (libxen-dev) and xz-utils; not root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
packages=$(realpath "$1") out=$(realpath "$2")
busybox=$packages/bin/busybox

# The header of a bzImage says where its xz-compressed ELF file lies (Linux, Documentation/arch/x86/boot.rst). It is
# unpacked here, at native speed: under emulation that would take longer than the rest of the boot.
unpack_kernel() { # unpack_kernel BZIMAGE
    number() { od -An -t "u$2" -j "$1" -N "$2" "$kernel" | tr -d ' '; }
    local kernel=$1 start length
    start=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
    length=$(number 588 4)
    dd if="$kernel" bs=1M iflag=skip_bytes,count_bytes skip="$start" count="$length" status=none | xz -dc --single-stream
}

build_pv_guest() { # build_pv_guest FILE
    gcc -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -no-pie -fno-stack-protector \
        -fno-asynchronous-unwind-tables -fcf-protection=none -mno-red-zone -mgeneral-regs-only -nostdlib -static \
        -Wl,--build-id=none,--no-warn-rwx-segments -T "$here/guest/tinypv.ld" \
        -o "$1" "$here/guest/tinypv.S" "$here/guest/tinypv.c"
}

build_pvh_guest() { # build_pvh_guest FILE
    gcc -m32 -nostdlib -static -fno-pic -no-pie -Wl,--build-id=none,--no-warn-rwx-segments,-z,noexecstack \
        -T "$here/guest/tinypvh.ld" -o "$1" "$here/guest/tinypvh.S"
}

# Copies a kernel module after those it depends on; modules.list is the order to load them in.
add_module() { # add_module NAME
    local file needed
    file=$(find "$packages/lib/modules" -name "$1.ko" -o -name "${1//_/-}.ko" | head -n 1)
    [ -n "$file" ] || { echo "xen: the kernel package has no module $1" >&2; exit 1; }
    [ ! -e "lib/modules/${file##*/}" ] || return 0
    for needed in $(grep -aoz '^depends=.*' "$file" | tr -d '\0' | sed 's/^depends=//; s/,/ /g'); do
        add_module "$needed"
    done
    cp "$file" lib/modules/
    echo "${file##*/}" >> lib/modules/modules.list
}

zcat "$packages"/boot/xen-*-amd64.gz > "$out/xen"
unpack_kernel "$packages"/boot/vmlinuz-* > "$out/vmlinux"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
mkdir -p bin dev etc/xen/scripts guests lib/modules proc run sys tmp usr/lib var/lib/xen var/lib/xenstored var/log/xen
ln -s bin sbin
ln -s ../bin usr/bin
ln -s ../bin usr/sbin
ln -s ../run var/run
ln -s ../run/lock var/lock

cp "$busybox" bin/
for applet in $("$busybox" --list | grep -vx busybox); do ln -s busybox "bin/$applet"; done
for directory in "$packages"/usr/lib/xen-*/; do # where libxl looks for its helpers
    libexec=usr/lib/$(basename "$directory")
    mkdir "$libexec"
    ln -s ../../../bin "$libexec/bin"
done
programs=(xl xenstored xenconsoled xen-init-dom0 libxl-save-helper xenstore-{ls,read,write,rm})
for program in "${programs[@]}"; do
    find "$packages"/usr/bin "$packages"/usr/lib/xen-*/bin -name "$program" -exec cp -L {} bin/ \;
done
"$here/libraries.sh" "$packages" . "${programs[@]/#/bin/}"
libgcc=$packages/usr/lib/x86_64-linux-gnu/libgcc_s.so.1 # libpthread opens it by itself
[ -e "$libgcc" ] || libgcc=$(gcc -print-file-name=libgcc_s.so.1)
cp -L "$libgcc" lib/x86_64-linux-gnu/

for module in xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc xen-pciback virtio_pci virtio_net \
    xen-netback xen-blkback loop; do
    add_module "$module"
done

echo 'autoballoon="off"' > etc/xen/xl.conf
build_pv_guest guests/tinypv
build_pvh_guest guests/tinypvh
for script in vif-bridge block; do install "$here/dom0/hotplug" "etc/xen/scripts/$script"; done
install "$here/dom0/init" init
find . | "$busybox" cpio -o -H newc -R 0:0 > "$out/initrd.cpio" 2>/dev/null
