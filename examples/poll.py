#!/usr/bin/env python3
"""Print how much CPU each domain uses: two polls, one second apart.

    poll.py [SOCKET]
"""
import json
import socket
import sys
import time


def call(stream, method, **params):
    """One JSON-RPC 2.0 request, one line of reply."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    stream.write(json.dumps(request) + "\n")
    stream.flush()
    reply = json.loads(stream.readline())
    if "error" in reply:
        sys.exit(reply["error"]["message"])
    return reply["result"]


def poll(stream, domains, generation):
    """Bring a table of domains up to date: only what has changed since its generation is told."""
    sample = call(stream, "domain_stats", groups=["name", "cpu"], since=generation)
    if sample["full"]:
        domains.clear()
    # Neither number is enough: a domid goes to another domain one day, and a reboot gives a uuid a new domid.
    for gone in sample["gone"]:
        domains.pop((gone["domid"], gone["uuid"]), None)
    for domain in sample["domains"]:
        domains[domain["domid"], domain["uuid"]] = domain
    return sample["generation"], sample["monotonic_ns"]


with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1] if len(sys.argv) > 1 else "/run/xenopsd/xenopsd.sock")
    stream = connection.makefile("rw", encoding="utf-8")
    domains = {}
    generation, start = poll(stream, domains, 0)
    before = dict(domains)
    time.sleep(1)
    generation, end = poll(stream, domains, generation)

for (domid, uuid), domain in sorted(domains.items()):
    used = domain["cpu_time"] - before.get((domid, uuid), domain)["cpu_time"]
    name = domain["name"] or "(null)"
    print(f"domain {domid:5}: {100 * used / (end - start):6.1f} % of a CPU, {name}")
