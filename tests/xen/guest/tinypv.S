/* What tinypv.c cannot say in C: the entry point, the hypercall page, and the ELF notes by which Xen's domain builder
 * knows a PV kernel (xen/elfnote.h). */

    .text
    .globl _start
_start:                             /* Xen enters with start_info in %rsi and a stack */
    cld
    movq    %rsi, %rdi
    call    guest_main
    ud2                             /* it does not return */

    .section .hypercalls, "ax", @progbits
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096

    .macro  note type, value:vararg
    .long   4, 2f - 1f, \type
    .asciz  "Xen"
1:  \value
2:  .balign 4
    .endm

    .section .note, "a", @note
    note 6, .asciz "tinypv"         /* GUEST_OS */
    note 7, .asciz "1"              /* GUEST_VERSION */
    note 5, .asciz "xen-3.0"        /* XEN_VERSION */
    note 8, .asciz "generic"        /* LOADER */
    note 9, .asciz "yes"            /* PAE_MODE */
    note 3, .quad 0                 /* VIRT_BASE */
    note 1, .quad _start            /* ENTRY */
    note 2, .quad hypercall_page    /* HYPERCALL_PAGE */

    .section .note.GNU-stack, "", @progbits
