/*
 * A PV guest kernel of a few kilobytes, with which a real domain costs 4 MiB and starts at once.
 *
 * Its command line says what it does:
 *     (empty)    sleeps, and obeys `xl shutdown` and `xl reboot` through xenstore's control/shutdown
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

static void shut_down(unsigned int reason)
{
    struct sched_shutdown how = { .reason = reason };
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (long)&how, 0);
}

/* ---- xenstore: requests and replies over the page shared with xenstored ---- */

static char shared_info_page[4096] __attribute__((aligned(4096))); /* its memory is replaced by Xen's page */
static volatile unsigned long *pending;                            /* one bit per event channel */
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
    __atomic_and_fetch(&pending[port / 64], ~(1UL << (port % 64)), __ATOMIC_SEQ_CST);
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

static void attach_xenstore(const struct start_info *start)
{
    const unsigned long *frames = (const void *)start->mfn_list;
    unsigned long page = 0;

    hypercall(__HYPERVISOR_update_va_mapping, (long)shared_info_page, start->shared_info | 7, UVMF_INVLPG);
    pending = ((struct shared_info *)shared_info_page)->evtchn_pending;
    while (frames[page] != start->store_mfn)
        page++;
    ring = (void *)(page << 12); /* virtual memory begins at 0: see VIRT_BASE in tinypv.S */
    port = start->store_evtchn;
}

/* ---- what the command line asks for ---- */

#define CONTROL "control/shutdown"

static void obey_toolstack(const struct start_info *start)
{
    static char body[XENSTORE_PAYLOAD_MAX];

    attach_xenstore(start);
    request(XS_WATCH, CONTROL "\0token", sizeof CONTROL "\0token");
    for (;;) {
        struct xsd_sockmsg message = receive(body);
        if (message.type == XS_WATCH_EVENT) {
            request(XS_READ, CONTROL, sizeof CONTROL);
        } else if (message.type == XS_READ && message.len > 0) {
            char order = body[0];
            request(XS_WRITE, CONTROL, sizeof CONTROL); /* an empty value: the order is taken */
            shut_down(order == 'r' ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
        }
    }
}

void guest_main(const struct start_info *start)
{
    const char *word = (const char *)start->cmd_line;
    unsigned int reason = 0;

    if (word[0] == 's')
        for (;;)
            __asm__ volatile("");
    if (word[0] == '\0')
        obey_toolstack(start);
    for (; *word >= '0' && *word <= '9'; word++)
        reason = reason * 10 + (unsigned int)(*word - '0');
    shut_down(reason);
}
