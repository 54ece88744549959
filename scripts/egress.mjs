// What the calls of the module go out through, where it does not run at Cloudflare. A name may resolve to any address, which the module
// cannot see: so the runtime looks at the address itself, and takes those of the public internet and of networks that were named.

import { readFile } from "node:fs/promises";
import { COMPATIBILITY_DATE } from "./installation.mjs";

/**
 * A worker named `egress`, for Miniflare.
 *
 * @param {string[]} networks beside the public internet: `private`, `local` (this machine), or such as `10.0.0.0/8`
 */
export async function egress(networks) {
  // As Node itself has it, for upstreams whose certificates are of an authority of one's own.
  const authorities = process.env.NODE_EXTRA_CA_CERTS;
  return {
    config: {
      name: "egress",
      compatibilityDate: COMPATIBILITY_DATE,
      manifest: {
        mainModule: "egress.js",
        modulesRoot: import.meta.dirname,
        modules: { "egress.js": { type: "esm", contents: "export default { fetch: (request, env) => env.NETWORK.fetch(request) };" } },
      },
      env: {
        NETWORK: {
          type: "network",
          allow: ["public", ...networks],
          // To the runtime this machine is a part of `private`.
          deny: networks.includes("private") && !networks.includes("local") ? ["local"] : [],
          tlsOptions: { trustBrowserCas: true, trustedCertificates: authorities ? [await readFile(authorities, "utf8")] : [] },
        },
      },
    },
  };
}
