import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import type { Context } from "mocha";
import { skip } from "../dev/skip.ts";
import { env } from "./setup.ts";

/** Skips what needs the proxy's TLS port where nobody has said which it is. */
export function needTlsProxy(context: Context): void {
  if (env().kong.proxyTlsUrl === undefined) skip(context, "KONG_PROXY_TLS_URL names no TLS port of this Kong's proxy");
}

/** SHA-256 of the certificate that the proxy shows to a client that asks for this server name. */
export async function shownFor(servername: string): Promise<string> {
  const { hostname: host, port } = new URL(env().kong.proxyTlsUrl ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<tls.PeerCertificate>();
  // Whom it is signed by is not the question: the tests' own CA is trusted by nobody.
  const socket = tls.connect({ host, port: Number(port), servername, rejectUnauthorized: false }, () =>
    resolve(socket.getPeerCertificate()),
  );
  socket.once("error", reject);
  try {
    return (await promise).fingerprint256;
  } finally {
    socket.destroy();
  }
}

export async function assertShown(servername: string, { cert }: { readonly cert: string }): Promise<void> {
  assert.equal(await shownFor(servername), new X509Certificate(cert).fingerprint256, servername);
}

/** Data of a Secret as cert-manager writes it. */
export function tlsData(
  { cert, key }: { readonly cert: string; readonly key: string },
  ca?: { readonly cert: string },
) {
  return { "tls.crt": cert, "tls.key": key, ...(ca ? { "ca.crt": ca.cert } : {}) };
}
