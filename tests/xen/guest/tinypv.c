/*
 * A PV guest kernel of a few kilobytes, with which a real domain costs 4 MiB and starts at once.
 *
 * Its command line says what it does:
 *     (empty)    sleeps, and obeys `xl shutdown`, `xl reboot` and `xl save` through xenstore's control/shutdown
 *     deaf       sleeps, and obeys nobody
 *     spin       uses all the processor time it gets
 *     N          shuts down at once, with the reason number N of xen/sched.h (3 is a crash) or any other up to 255
 *
 * It has one vcpu up, no devices, no interrupts (it polls its event channel) and prints nothing.
 */
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/sched.h>
#include <xen/event_channel.h>
#include <xen/io/xs_wire.h>

/* ---- hypercalls ---- */

extern char hypercall_page[]; /* filled by Xen: 32 bytes of code per hypercall */

static long hypercall(int number, long a, long b, long c)
{
    long result;
    __asm__ volatile("call *%[entry]"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
                     : [entry] "a"(hypercall_page + number * 32)
                     : "memory", "rcx", "r8", "r9", "r10", "r11");
    return result;
}

/* Returns only when it is over with a suspension: not 0 if it was called off. */
static long shut_down(unsigned int reason, unsigned long record)
{
    struct sched_shutdown how = { .reason = reason };
    return hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (long)&how, (long)record);
}

/* ---- memory: virtual addresses begin at 0 (VIRT_BASE in tinypv.S), so a page's number is its pfn ---- */

static unsigned long *frames; /* start_info's mfn_list: the machine frame of each page */

static unsigned long page_of(const void *address)
{
    return (unsigned long)address >> 12;
}

static unsigned long page_with(unsigned long frame)
{
    unsigned long page = 0;
    while (frames[page] != frame)
        page++;
    return page;
}

static void map(void *page, unsigned long machine_address)
{
    hypercall(__HYPERVISOR_update_va_mapping, (long)page, machine_address | 7, UVMF_INVLPG);
}

/* ---- xenstore: requests and replies over the page shared with xenstored ---- */

static char shared_info_page[4096] __attribute__((aligned(4096))); /* its memory is replaced by Xen's page */
static volatile struct shared_info *const shared = (void *)shared_info_page;
static volatile struct xenstore_domain_interface *ring;
static evtchn_port_t port;

static void notify(void)
{
    struct evtchn_send send = { .port = port };
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (long)&send, 0);
}

static void sleep_until_notified(void)
{
    struct sched_poll poll = { .nr_ports = 1 };
    set_xen_guest_handle(poll.ports, &port);
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (long)&poll, 0);
    __atomic_and_fetch(&shared->evtchn_pending[port / 64], ~(1UL << (port % 64)), __ATOMIC_SEQ_CST);
}

static void put(const void *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        while (ring->req_prod - ring->req_cons >= XENSTORE_RING_SIZE)
            sleep_until_notified();
        ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = ((const char *)data)[i];
        __sync_synchronize();
        ring->req_prod++;
    }
}

static void get(void *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        while (ring->rsp_cons == ring->rsp_prod)
            sleep_until_notified();
        __sync_synchronize();
        ((char *)data)[i] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons)];
        __sync_synchronize();
        ring->rsp_cons++;
    }
}

static void request(uint32_t type, const char *body, uint32_t length)
{
    struct xsd_sockmsg header = { .type = type, .len = length };
    put(&header, sizeof header);
    put(body, length);
    notify();
}

/* The next message from xenstored; `body` has room for the longest one. */
static struct xsd_sockmsg receive(char *body)
{
    struct xsd_sockmsg header;
    get(&header, sizeof header);
    get(body, header.len);
    notify(); /* there is room again */
    return header;
}

/* Says where `frames` is: whoever saves this domain translates by it. */
static void show_frames(unsigned long pages)
{
    static unsigned long list[512] __attribute__((aligned(4096)));
    static unsigned long list_of_lists[512] __attribute__((aligned(4096)));

    for (unsigned long i = 0; i * 512 < pages; i++)
        list[i] = frames[page_of(frames) + i];
    list_of_lists[0] = frames[page_of(list)];
    shared->arch.max_pfn = pages;
    shared->arch.pfn_to_mfn_frame_list_list = frames[page_of(list_of_lists)];
}

static void attach(const struct start_info *start)
{
    frames = (void *)start->mfn_list;
    map(shared_info_page, start->shared_info);
    show_frames(start->nr_pages);
    ring = (void *)(page_with(start->store_mfn) << 12);
    port = start->store_evtchn;
}

/* ---- what the command line asks for ---- */

#define CONTROL "control/shutdown"
static char body[XENSTORE_PAYLOAD_MAX];

/* A saved domain has only pages of its own, and numbers of pages where the numbers of frames were. */
static void suspend(struct start_info *start)
{
    unsigned long store = page_with(start->store_mfn), console = page_with(start->console.domU.mfn);

    while (receive(body).type != XS_WRITE) /* the answer to what obey_toolstack wrote */
        ;
    map(shared_info_page, frames[page_of(shared_info_page)] << 12);
    start->store_mfn = store;
    start->console.domU.mfn = console;
    if (shut_down(SHUTDOWN_suspend, frames[page_of(start)]) != 0) {
        start->store_mfn = frames[store];
        start->console.domU.mfn = frames[console];
    }
    attach(start);
}

static void obey_toolstack(struct start_info *start)
{
    attach(start);
    request(XS_WATCH, CONTROL "\0token", sizeof CONTROL "\0token");
    for (;;) {
        struct xsd_sockmsg message = receive(body);
        if (message.type == XS_WATCH_EVENT) {
            request(XS_READ, CONTROL, sizeof CONTROL);
        } else if (message.type == XS_READ && message.len > 0) {
            char order = body[0];
            request(XS_WRITE, CONTROL, sizeof CONTROL); /* an empty value: the order is taken */
            if (order == 's') {
                suspend(start);
                request(XS_WATCH, CONTROL "\0token", sizeof CONTROL "\0token"); /* a restored domain has none */
            } else {
                shut_down(order == 'r' ? SHUTDOWN_reboot : SHUTDOWN_poweroff, 0);
            }
        }
    }
}

void guest_main(struct start_info *start)
{
    const char *word = (const char *)start->cmd_line;
    unsigned int reason = 0;

    if (word[0] == 's')
        for (;;)
            __asm__ volatile("");
    if (word[0] == 'd') {
        struct sched_poll poll = { .nr_ports = 0 };
        attach(start); /* whoever saves it gets as far as asking it */
        for (;;)
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (long)&poll, 0);
    }
    if (word[0] == '\0')
        obey_toolstack(start);
    for (; *word >= '0' && *word <= '9'; word++)
        reason = reason * 10 + (unsigned int)(*word - '0');
    shut_down(reason, 0);
}
