/* A make-believe hypervisor, to be loaded in front of a program that talks to Xen: the real libxencall, libxenctrl and
 * libxenlight run on it unchanged.
 *
 * In: what they do with /dev/xen/privcmd. Out: an answer to XEN_SYSCTL_getdomaininfolist, to the questions for the
 * scheduler, for Xen's version and for FLASK's labels; ENOSYS to every other hypercall. There is no xenstore: a
 * connection to it can be had and is not to be used. The hypervisor's own time is not in it: a hypercall costs one
 * trivial system call, a list a memcpy and, where clocks run, an addition for each domain.
 *
 *   MAKE_BELIEVE_DOMAINS=N      so many domains, in every state; from each three numbers, two are taken
 *   MAKE_BELIEVE_LABELS=1       FLASK is on
 *   MAKE_BELIEVE_CLOCKS=1       every domain has used CPU time since the last list; all counters have 16 digits
 *   MAKE_BELIEVE_STATES=1       the first domain runs in every other list, and waits for a CPU in those between
 *   MAKE_BELIEVE_REFUSES=M-N    the M-th to N-th call of getdomaininfolist, counted from 1, ends with EACCES
 *   MAKE_BELIEVE_COUNTS=FILE    a file of `struct counts`, which is kept up to date
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xen/xsm/flask_op.h>
#include <xen/sys/privcmd.h>

/* What this process has done since it began. */
struct counts {
    uint64_t lists, labels, allocations, mappings;
};
static struct counts nowhere, *counts = &nowhere;

static unsigned long domains = 1, refused_first, refused_last;
static int has_labels, clocks_run, states_change;
static xen_domctl_getdomaininfo_t *described; /* all of them, so that a list is nothing but a copy */

/* The least that a running clock shows, in ns. */
static const uint64_t CLOCK_BASE = 1000000000000000;

void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
static void describe(xen_domctl_getdomaininfo_t *info, uint64_t at);

__attribute__((constructor)) static void begin(void)
{
    const char *number = getenv("MAKE_BELIEVE_DOMAINS"), *refused = getenv("MAKE_BELIEVE_REFUSES");
    const char *path = getenv("MAKE_BELIEVE_COUNTS");

    if (number) domains = strtoul(number, NULL, 10);
    if (refused) sscanf(refused, "%lu-%lu", &refused_first, &refused_last);
    has_labels = getenv("MAKE_BELIEVE_LABELS") != NULL;
    clocks_run = getenv("MAKE_BELIEVE_CLOCKS") != NULL;
    states_change = getenv("MAKE_BELIEVE_STATES") != NULL;
    if (path) {
        int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        void *at = (void *)syscall(SYS_mmap, NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (at == MAP_FAILED) abort();
        counts = at;
        close(fd);
    }
    described = __libc_calloc(domains, sizeof *described);
    if (!described) abort();
    for (unsigned long at = 0; at < domains; at++) {
        describe(&described[at], at);
        /* As many digits now as after millions of lists. */
        if (clocks_run) described[at].cpu_time = CLOCK_BASE + described[at].cpu_time % CLOCK_BASE;
    }
}

/* ---- the domains ---- */

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint32_t shut_down(uint32_t reason)
{
    return XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
}

/* The at-th domain. */
static void describe(xen_domctl_getdomaininfo_t *info, uint64_t at)
{
    const uint32_t states[] = {
        XEN_DOMINF_running, XEN_DOMINF_blocked, XEN_DOMINF_paused, XEN_DOMINF_paused | XEN_DOMINF_blocked, 0,
        shut_down(0), shut_down(1), shut_down(2), shut_down(3), shut_down(4), shut_down(5), shut_down(42),
        shut_down(255), XEN_DOMINF_dying, XEN_DOMINF_dying | shut_down(3), XEN_DOMINF_paused | shut_down(3),
        /* A reason left over from before counts for nothing. */
        XEN_DOMINF_blocked | 3U << XEN_DOMINF_shutdownshift,
    };
    uint64_t random = mixed(at + 1);
    size_t states_count = sizeof states / sizeof *states;

    memset(info, 0, sizeof *info);
    info->domain = at / 2 * 3 + at % 2;
    info->flags = states[at % states_count];
    if (at / states_count % 2) info->flags |= XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    if (at % 19 == 18) info->flags |= XEN_DOMINF_xs_domain | XEN_DOMINF_debugged;
    info->tot_pages = at % 5 ? random >> 40 : 0;
    info->max_pages = at % 23 == 22 ? ~0ULL : random >> 39;
    info->outstanding_pages = at % 7 ? 0 : random >> 50;
    info->shr_pages = at % 11 ? 0 : random >> 48;
    info->paged_pages = at % 13 ? 0 : random >> 47;
    info->cpu_time = at % 29 == 28 ? ~0ULL : random >> (at % 50);
    info->nr_online_vcpus = random % 129;
    info->max_vcpu_id = at % 31 == 30 ? XEN_INVALID_MAX_VCPU_ID : random % 512;
    info->ssidref = random % 1000;
    info->cpupool = at % 37 == 36 ? ~0U : random % 4;
    info->gpaddr_bits = 36 + random % 16;
    for (size_t k = 0; k < sizeof info->handle; k++) info->handle[k] = mixed(random + k);
}

static int list(struct xen_sysctl_getdomaininfolist *asked)
{
    static unsigned turn;
    uint64_t at = (uint64_t)asked->first_domain / 3 * 2, count;

    counts->lists++;
    if (refused_first <= counts->lists && counts->lists <= refused_last) {
        errno = EACCES;
        return -1;
    }
    while (at < domains && described[at].domain < asked->first_domain) at++;
    count = at < domains ? domains - at : 0;
    if (count > asked->max_domains) count = asked->max_domains;
    if (count) memcpy(asked->buffer.p, &described[at], count * sizeof *described);
    /* 50 us, and 1 ns more for each domain before it. */
    if (clocks_run)
        for (uint64_t k = 0; k < count; k++) asked->buffer.p[k].cpu_time += counts->lists * (50000 + at + k);
    /* "true" is shorter than "false", so all that follows moves. */
    if (states_change && at == 0 && count && turn++ % 2) asked->buffer.p[0].flags &= ~XEN_DOMINF_running;
    asked->num_domains = count;
    return 0;
}

/* ---- hypercalls ---- */

static int sysctl_call(struct xen_sysctl *sysctl)
{
    if (sysctl->interface_version != XEN_SYSCTL_INTERFACE_VERSION) {
        errno = EACCES;
        return -1;
    }
    if (sysctl->cmd == XEN_SYSCTL_getdomaininfolist) return list(&sysctl->u.getdomaininfolist);
    if (sysctl->cmd == XEN_SYSCTL_sched_id) {
        sysctl->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        return 0;
    }
    errno = ENOSYS;
    return -1;
}

/* Some identifiers have no label. */
static int flask_call(xen_flask_op_t *op)
{
    if (!has_labels || op->cmd != FLASK_SID_TO_CONTEXT) {
        errno = ENOSYS;
        return -1;
    }
    counts->labels++;
    if (op->u.sid_context.sid % 5 == 4) {
        errno = EINVAL;
        return -1;
    }
    op->u.sid_context.size = 1 + snprintf(op->u.sid_context.context.p, op->u.sid_context.size,
                                          "system_u:system_r:domU_%u_t", op->u.sid_context.sid);
    return 0;
}

static int version_call(uint64_t what, void *to)
{
    switch (what) {
    case XENVER_version: return 4 << 16 | 17;
    case XENVER_pagesize: return 4096;
    case XENVER_extraversion: strcpy(to, ".make-believe"); return 0;
    case XENVER_compile_info: memset(to, 0, sizeof(xen_compile_info_t)); return 0;
    case XENVER_capabilities: memset(to, 0, sizeof(xen_capabilities_info_t)); return 0;
    case XENVER_changeset: memset(to, 0, sizeof(xen_changeset_info_t)); return 0;
    case XENVER_platform_parameters: memset(to, 0, sizeof(xen_platform_parameters_t)); return 0;
    case XENVER_commandline: memset(to, 0, sizeof(xen_commandline_t)); return 0;
    default: errno = ENOSYS; return -1;
    }
}

static int hypercall(privcmd_hypercall_t *call)
{
    syscall(SYS_getppid);
    switch (call->op) {
    case __HYPERVISOR_sysctl: return sysctl_call((void *)call->arg[0]);
    case __HYPERVISOR_xsm_op: return flask_call((void *)call->arg[0]);
    case __HYPERVISOR_xen_version: return version_call(call->arg[0], (void *)call->arg[1]);
    default: errno = ENOSYS; return -1;
    }
}

/* ---- in place of the kernel's and the C library's ---- */

static int opened(const char *path, int flags, int mode)
{
    if (!strcmp(path, "/dev/xen/privcmd")) return memfd_create("privcmd", MFD_CLOEXEC);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return opened(path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return request == IOCTL_PRIVCMD_HYPERCALL ? hypercall(argument) : (int)syscall(SYS_ioctl, fd, request, argument);
}

struct xs_handle *xs_open(unsigned long flags)
{
    (void)flags;
    return calloc(1, 4096);
}

void xs_close(struct xs_handle *handle)
{
    free(handle);
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
    counts->mappings++;
    return (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
    return mmap(at, length, protection, flags, fd, offset);
}

void *malloc(size_t size)
{
    counts->allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    counts->allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
    counts->allocations++;
    return __libc_realloc(at, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    counts->allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **at, size_t alignment, size_t size)
{
    counts->allocations++;
    *at = __libc_memalign(alignment, size);
    return *at ? 0 : ENOMEM;
}
