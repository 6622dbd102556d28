// rival serves libxl as the mock-up of 2020 did: Go's net/rpc with JSON-RPC on a
// Unix socket, libxl through cgo, each C struct copied into a Go struct, each Go
// struct written by encoding/json.
//
//	rival SOCKET
package main

/*
#cgo LDFLAGS: -lxenlight -lxentoollog
#include <stdlib.h>
#include <libxl.h>
#include <xentoollog.h>

static libxl_ctx *open_ctx(void)
{
    libxl_ctx *ctx = NULL;
    xentoollog_logger *logger = (xentoollog_logger *)xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
    return libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, logger) ? NULL : ctx;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"unsafe"
)

// Dominfo is libxl_dominfo, with the names that libxl's JSON has.
type Dominfo struct {
	Uuid             string  `json:"uuid"`
	Domid            uint32  `json:"domid"`
	Ssidref          uint32  `json:"ssidref"`
	SsidLabel        *string `json:"ssid_label"`
	Running          bool    `json:"running"`
	Blocked          bool    `json:"blocked"`
	Paused           bool    `json:"paused"`
	Shutdown         bool    `json:"shutdown"`
	Dying            bool    `json:"dying"`
	NeverStop        bool    `json:"never_stop"`
	ShutdownReason   string  `json:"shutdown_reason"`
	OutstandingMemkb uint64  `json:"outstanding_memkb"`
	CurrentMemkb     uint64  `json:"current_memkb"`
	SharedMemkb      uint64  `json:"shared_memkb"`
	PagedMemkb       uint64  `json:"paged_memkb"`
	MaxMemkb         uint64  `json:"max_memkb"`
	CpuTime          uint64  `json:"cpu_time"`
	VcpuMaxId        uint32  `json:"vcpu_max_id"`
	VcpuOnline       uint32  `json:"vcpu_online"`
	Cpupool          uint32  `json:"cpupool"`
	GpaddrBits       uint8   `json:"gpaddr_bits"`
	DomainType       string  `json:"domain_type"`
}

// Xenops is what clients call.
type Xenops struct{ ctx *C.libxl_ctx }

var reasons = map[C.libxl_shutdown_reason]string{
	-1: "unknown", 0: "poweroff", 1: "reboot", 2: "suspend", 3: "crash", 4: "watchdog", 5: "soft_reset",
}
var types = map[C.libxl_domain_type]string{-1: "invalid", 1: "hvm", 2: "pv", 3: "pvh"}

// ListDomain is libxl_list_domain.
func (x *Xenops) ListDomain(_ *struct{}, reply *[]Dominfo) error {
	var count C.int
	list := C.libxl_list_domain(x.ctx, &count)
	if list == nil {
		return errors.New("libxl_list_domain failed")
	}
	defer C.libxl_dominfo_list_free(list, count)
	domains := make([]Dominfo, 0, int(count))
	for _, c := range unsafe.Slice(list, int(count)) {
		domains = append(domains, fromC(&c))
	}
	*reply = domains
	return nil
}

// Which says which domain is meant.
type Which struct{ Domid uint32 }

// DomainInfo is libxl_domain_info.
func (x *Xenops) DomainInfo(which *Which, reply *Dominfo) error {
	var info C.libxl_dominfo
	C.libxl_dominfo_init(&info)
	defer C.libxl_dominfo_dispose(&info)
	if code := C.libxl_domain_info(x.ctx, &info, C.uint32_t(which.Domid)); code != 0 {
		return fmt.Errorf("libxl_domain_info: %d", code)
	}
	*reply = fromC(&info)
	return nil
}

func fromC(c *C.libxl_dominfo) Dominfo {
	u := C.GoBytes(unsafe.Pointer(&c.uuid), 16)
	d := Dominfo{
		Uuid:             fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]),
		Domid:            uint32(c.domid),
		Ssidref:          uint32(c.ssidref),
		Running:          bool(c.running),
		Blocked:          bool(c.blocked),
		Paused:           bool(c.paused),
		Shutdown:         bool(c.shutdown),
		Dying:            bool(c.dying),
		NeverStop:        bool(c.never_stop),
		ShutdownReason:   reasons[c.shutdown_reason],
		OutstandingMemkb: uint64(c.outstanding_memkb),
		CurrentMemkb:     uint64(c.current_memkb),
		SharedMemkb:      uint64(c.shared_memkb),
		PagedMemkb:       uint64(c.paged_memkb),
		MaxMemkb:         uint64(c.max_memkb),
		CpuTime:          uint64(c.cpu_time),
		VcpuMaxId:        uint32(c.vcpu_max_id),
		VcpuOnline:       uint32(c.vcpu_online),
		Cpupool:          uint32(c.cpupool),
		GpaddrBits:       uint8(c.gpaddr_bits),
		DomainType:       types[c.domain_type],
	}
	if c.ssid_label != nil {
		label := C.GoString(c.ssid_label)
		d.SsidLabel = &label
	}
	return d
}

func main() {
	ctx := C.open_ctx()
	if ctx == nil {
		log.Fatal("libxl_ctx_alloc failed")
	}
	if err := rpc.Register(&Xenops{ctx}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go jsonrpc.ServeConn(connection)
	}
}
