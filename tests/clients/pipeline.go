// pipeline has 64 goroutines call through one connection at once, and counts.
// Every reply must be the one to its own question.
package main

import (
	"fmt"
	"log"
	"net/rpc/jsonrpc"
	"os"
	"strings"
	"sync"
)

// As many as the test's host has; all of them have names.
const domains = 15

type domid struct{ Domid uint32 }

type info struct {
	Domid   uint32
	CPUTime uint64 `json:"cpu_time"`
}

type counts struct{ names, infos, libxl, server, void int }

func main() {
	client, err := jsonrpc.Dial("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	// Each domain is asked about by several goroutines.
	var first [domains]string
	for n := range first {
		if err := client.Call("Xenops.DomidToName", domid{uint32(n)}, &first[n]); err != nil {
			log.Fatal(err)
		}
	}

	var all counts
	var lock sync.Mutex
	var done sync.WaitGroup
	for n := uint32(0); n < 64; n++ {
		done.Add(1)
		go func(n uint32) {
			defer done.Done()
			var mine counts
			for i := 0; i < 200; i++ {
				var name string
				if err := client.Call("Xenops.DomidToName", domid{n}, &name); err != nil || name != first[n] {
					log.Fatalf("domain %d: %q, %v", n, name, err)
				}
				mine.names++
				var domain info
				if err := client.Call("Xenops.DomainInfo", domid{n}, &domain); err != nil || domain.Domid != n {
					log.Fatalf("domain %d: %+v, %v", n, domain, err)
				}
				mine.infos++
			}
			err := client.Call("Xenops.DomainInfo", domid{n + 5000}, new(info))
			if err != nil && strings.HasPrefix(err.Error(), "DOMAIN_NOTFOUND (-21): ") {
				mine.libxl++
			}
			err = client.Call("Xenops.DomainInfo", map[string]bool{"domid": true}, new(info))
			if err != nil && strings.HasPrefix(err.Error(), "INVALID_PARAMS (-32602): ") {
				mine.server++
			}
			// A method without a result.
			if err := client.Call("Xenops.DomainPause", domid{1}, new(struct{})); err == nil {
				mine.void++
			}
			lock.Lock()
			all.names += mine.names
			all.infos += mine.infos
			all.libxl += mine.libxl
			all.server += mine.server
			all.void += mine.void
			lock.Unlock()
		}(n % domains)
	}
	done.Wait()
	fmt.Printf("%d names, %d infos, %d refused by libxl, %d refused by the server, %d done\n",
		all.names, all.infos, all.libxl, all.server, all.void)
}
