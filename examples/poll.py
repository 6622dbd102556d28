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


with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1] if len(sys.argv) > 1 else "/run/xenopsd/xenopsd.sock")
    stream = connection.makefile("rw", encoding="utf-8")
    # Of some twenty members of each domain these are enough; without `fields` all of them come.
    fields = ["domid", "uuid", "cpu_time"]
    start, before = time.monotonic(), call(stream, "list_domain", fields=fields)
    time.sleep(1)
    seconds, after = time.monotonic() - start, call(stream, "list_domain", fields=fields)

# Neither number is enough: a domid goes to another domain one day, and a reboot gives a uuid a new domid.
cpu_time_before = {(domain["domid"], domain["uuid"]): domain["cpu_time"] for domain in before}
for domain in after:
    domid, uuid, cpu_time = domain["domid"], domain["uuid"], domain["cpu_time"]
    used = cpu_time - cpu_time_before.get((domid, uuid), cpu_time)
    print(f"domain {domid:5}: {used / 1e7 / seconds:6.1f} % of a CPU")
