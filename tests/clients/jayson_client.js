// Calls a few methods with jayson, in JSON-RPC 1.0 and in 2.0, and prints what it understood.
"use strict";
const { promisify } = require("node:util");
const jayson = require("jayson");

const path = process.argv[2];

// A failed call's error, or its result.
async function ask(client, method, params) {
  const reply = await client(method, params);
  return reply.error ?? reply.result;
}

async function main() {
  for (const version of [1, 2]) {
    const connection = jayson.Client.tcp({ path, version });
    const client = promisify(connection.request.bind(connection));
    const say = (text) => console.log(`${version}.0: ${text}`);
    say(`${(await ask(client, "list_domain", [])).length} domains`);
    say(await ask(client, "domid_to_name", [0]));
    const error = await ask(client, "domain_info", [5000]);
    say(version === 1 ? error : `${error.code} ${error.message}`);
  }
  const connection = jayson.Client.tcp({ path });
  const batch = ["domid_to_name", "no_such_method", "get_scheduler"].map((method) =>
    connection.request(method, method === "domid_to_name" ? { domid: 0 } : []),
  );
  const replies = await promisify(connection.request.bind(connection))(batch);
  console.log(`2.0 batch: ${replies.map((reply) => reply.error?.code ?? reply.result).join(", ")}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
