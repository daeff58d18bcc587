import { z } from "zod";
import { objectName, secretKey, text } from "../fields.ts";
import { isSet, withRules } from "../rules.ts";

const proxyUrl = (scheme: string, example: string) =>
  text({
    maxLength: 2048,
    pattern: `^${scheme}://[^/?#@ ]+/?$`,
    message: `must be ${example} without user, path, query or fragment`,
  });

const ProxyTls = withRules(
  z.strictObject({
    caSecretRef: z
      .strictObject({
        name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
        key: secretKey().default("ca.crt").describe("Key of the CA certificates in the Secret's data."),
      })
      .optional()
      .describe("CA certificates (PEM) that the proxy's certificates are verified against; the system's unless set."),
    insecureSkipVerify: z
      .boolean()
      .optional()
      .describe("Takes any certificate of the proxy: for gateways that serve one of their own making."),
  }),
  [
    {
      cel: "!has(self.caSecretRef) || !has(self.insecureSkipVerify) || !self.insecureSkipVerify",
      message: "insecureSkipVerify verifies nothing, so caSecretRef has no meaning beside it: remove one of the two",
      at: "insecureSkipVerify",
      holds: (tls) => !isSet(tls.caSecretRef) || tls.insecureSkipVerify !== true,
    },
  ],
);

/** Where a gateway's proxy listens, as seen from the operator: verified routes are asked for there. */
export const Proxy = withRules(
  z.strictObject({
    url: proxyUrl("https?", "http://host[:port] or https://host[:port]").describe(
      "Address of the proxy, port 8000 or 8443 of an ordinary Kong.",
    ),
    httpsUrl: proxyUrl("https", "https://host[:port]")
      .optional()
      .describe("Address of the proxy for routes that take https only, where url is that of http."),
    tls: ProxyTls.optional().describe(
      "How TLS to the proxy is set up. Each request names its own host as server name.",
    ),
  }),
  [
    {
      cel: "!has(self.tls) || self.url.startsWith('https://') || has(self.httpsUrl)",
      message: "tls needs an https address: set httpsUrl, write https in url or remove tls",
      at: "tls",
      holds: (proxy) => !isSet(proxy.tls) || proxy.url.startsWith("https://") || isSet(proxy.httpsUrl),
    },
  ],
);
export type Proxy = z.infer<typeof Proxy>;
