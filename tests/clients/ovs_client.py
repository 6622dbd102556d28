"""Calls a few methods with Open vSwitch's JSON-RPC client; its Message class checks each reply strictly as 1.0."""
import os
import sys

import ovs.jsonrpc
import ovs.stream

error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open("unix:" + sys.argv[1]))
if error:
    sys.exit(os.strerror(error))
connection = ovs.jsonrpc.Connection(stream)


def call(method, *params):
    """The reply's result, or its error as text."""
    request = ovs.jsonrpc.Message.create_request(method, list(params))
    error, reply = connection.transact_block(request)
    if error:
        sys.exit(f"{method}: {os.strerror(error)}")
    if reply.type == ovs.jsonrpc.Message.T_ERROR:
        return f"error: {reply.error}"
    return reply.result


print(len(call("list_domain")), "domains")
print(call("domid_to_name", 0))
print(call("domain_info", 5000))
print(call("no_such_method"))
# A notification has no reply: what comes next is the reply to what is asked next.
connection.send_block(ovs.jsonrpc.Message.create_notify("domid_to_name", [0]))
print(call("get_scheduler"))
