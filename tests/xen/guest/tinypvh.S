/* A PVH guest kernel of a few bytes, 32-bit code without paging. Its command line says what it does:
 *     (empty)    sleeps
 *     spin       uses all the processor time it gets
 *     off        shuts down at once: so Xen takes it when the last vcpu sleeps and hears no interrupts
 * It has no devices, does not look at xenstore, and prints nothing. */

    .code32
    .text
    .globl _start
_start:                             /* Xen enters with hvm_start_info (xen/arch-x86/hvm/start_info.h) in %ebx */
    movb    $0, %cl
    movl    24(%ebx), %eax          /* cmdline_paddr */
    testl   %eax, %eax
    jz      1f
    movb    (%eax), %cl
1:  cmpb    $'s', %cl
    je      spin
    cmpb    $'o', %cl
    je      off
sleep:
    sti
    hlt
    jmp     sleep
off:
    cli
    hlt
spin:
    pause
    jmp     spin

    .section .note, "a", @note
    .long   4, 2f - 1f, 18          /* PHYS32_ENTRY (xen/elfnote.h) */
    .asciz  "Xen"
1:  .long   _start
2:  .balign 4

    .section .note.GNU-stack, "", @progbits
