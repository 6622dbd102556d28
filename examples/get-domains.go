// get-domains lists the domains of a Xen host and their names, with nothing
// but Go's standard library: no cgo, no libxl, no Xen headers. It asks
// xenopsd, so it can run in dom0 or at the near end of an ssh tunnel:
//
//	go run get-domains.go
//	ssh -N -L /tmp/xenops:/run/xenopsd/xenopsd.sock root@host &
//	go run get-domains.go /tmp/xenops
//
// George Dunlap's mock-up of 2020, which this project grew from, had a client
// of this name and kind.
package main

import (
	"fmt"
	"log"
	"net/rpc/jsonrpc"
	"os"
)

// Domain is the part of libxl_dominfo that we print; the decoder skips what
// we do not name. It ignores case but not underscores, hence the tags.
type Domain struct {
	Domid     uint32
	Running   bool
	MemoryKiB uint64 `json:"current_memkb"`
	VCPUs     uint32 `json:"vcpu_online"`
	CPUTime   uint64 `json:"cpu_time"` // in nanoseconds
}

// DomidArgs are the parameters of libxl_domid_to_name.
type DomidArgs struct {
	Domid uint32
}

func main() {
	log.SetFlags(0)
	socket := "/run/xenopsd/xenopsd.sock"
	if len(os.Args) > 1 {
		socket = os.Args[1]
	}
	client, err := jsonrpc.Dial("unix", socket)
	if err != nil {
		log.Fatalf("Is xenopsd running? %v", err)
	}
	defer client.Close()

	// A method is a libxl function's name in Go's spelling, after "Xenops.".
	var domains []Domain
	if err := client.Call("Xenops.ListDomain", struct{}{}, &domains); err != nil {
		log.Fatalf("Cannot list the domains: %v", err)
	}

	fmt.Printf("%-40s %5s %9s %5s %7s %12s\n", "NAME", "DOMID", "MEM (MiB)", "VCPUS", "RUNNING", "CPU TIME (s)")
	for _, d := range domains {
		var name string
		if err := client.Call("Xenops.DomidToName", DomidArgs{d.Domid}, &name); err != nil {
			// The domain may have gone since we listed it. The error is
			// text that begins with libxl's name for it.
			name = "(" + err.Error() + ")"
		}
		fmt.Printf("%-40s %5d %9d %5d %7t %12.1f\n",
			name, d.Domid, d.MemoryKiB/1024, d.VCPUs, d.Running, float64(d.CPUTime)/1e9)
	}
}
