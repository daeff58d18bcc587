/** Node's and OpenSSL's codes, and what to do about them; the first that fits. */
const REMEDIES: readonly (readonly [code: RegExp, remedy: string])[] = [
  [
    /^CERT_HAS_EXPIRED$/,
    "its certificate, or that of a CA above it, has expired: renew it at the gateway, or the CA in spec.adminApi.tls.caSecretRef",
  ],
  [/^CERT_NOT_YET_VALID$/, "its certificate is not valid yet: compare the clocks of the gateway and of this machine"],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$|HOSTNAME_MISMATCH/,
    "its certificate is for other names: set spec.adminApi.tls.serverName to one of them, or correct the address",
  ],
  [
    /SELF_SIGNED|UNABLE_TO_|INVALID_CA|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|CERT_CHAIN/,
    "its certificate is signed by nobody that is trusted: put the CA's certificate into spec.adminApi.tls.caSecretRef, beside the former one while it is being replaced",
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST/,
    "what answers there speaks no TLS: write http in the address, or name the TLS port",
  ],
  [
    /ALERT_(BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED)/,
    "it does not accept our client certificate, or wants one: check spec.adminApi.tls.clientCertSecretRef",
  ],
];

/** What a failed handshake with the Admin API means to whoever has to set it right. */
export function tlsFailure(code: string, message: string): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
  // Node's advice is for whoever starts Node.
  const said = message.replace(/; if the root CA is installed locally[^(]*/, " ");
  return `TLS with the Admin API failed: ${remedy === undefined ? said : `${remedy} (${said})`}`;
}

/** nginx's answers, and so Kong's, to a client whose TLS is not what it wants; undefined for any other. */
export function tlsRefusal(
  status: number,
  html: string,
): { readonly reason: string; readonly message: string } | undefined {
  if (status !== 400) return undefined;
  if (/plain HTTP request was sent to HTTPS port/i.test(html))
    return { reason: "TLSFailed", message: "the Admin API speaks TLS there: write https in the address" };
  if (!/SSL certificate/i.test(html)) return undefined;
  return {
    reason: "AuthFailed",
    message:
      "the Admin API wants another client certificate: check spec.adminApi.tls.clientCertSecretRef, that its certificate has not expired and is signed by a CA that the gateway trusts",
  };
}
