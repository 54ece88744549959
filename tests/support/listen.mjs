// A server of a test's own: an upstream for the gate to call, or a site whose pages call it.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Starts one on a port that is free. It never ends a connection by itself, since that may cross a call on its way to it, and refuses
 * none.
 *
 * @param {import("node:http").RequestListener} listener
 */
export async function listen(listener) {
  const server = createServer(listener);
  server.keepAliveTimeout = 0;
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close().closeAllConnections() };
}
