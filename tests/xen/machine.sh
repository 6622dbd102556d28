# The emulated PC, for snapshot.sh and run.sh to source: a snapshot goes on only in the machine it was taken of.
#
# Two processors, so that a domain that spins does not take dom0's. No SMAP: with it, dom0's kernel dies at once under
# QEMU 7.2 ("Unhandled: vec 14" while it patches itself).
# shellcheck shell=bash disable=SC2034,SC2054
machine=(
    qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
    -machine pc -accel tcg,thread=multi -cpu max,-smap -smp 2 -m 1G
    -device isa-debug-exit,iobase=0x501,iosize=1
    -device virtio-net-pci,netdev=host,romfile=
)
