import { z } from "zod";
import { hostName, text } from "../fields.ts";
import { SecretRef, secretWithKey } from "../references.ts";

/** Address of a server that the operator speaks to; `secret` says what belongs in a Secret instead. */
export function serverUrl(secret: string): z.ZodString {
  return text({
    maxLength: 2048,
    pattern: "^https?://[^/?#@ ]+(/[^?# ]*)?$",
    message: `must be http://host[:port][/path] or https://host[:port][/path] without user, query or fragment; ${secret} in a Secret`,
  });
}

/** How TLS to a server is set up: who it is (`the Admin API`), whose certificate, and which name that must carry. */
export function serverTls({ who, whose, name }: { who: string; whose: string; name: string }) {
  return z.strictObject({
    caSecretRef: secretWithKey("ca.crt", "CA certificates")
      .optional()
      .describe(`CA certificates (PEM) that ${whose} certificate is verified against; the system's unless set.`),
    clientCertSecretRef: SecretRef.optional().describe(
      `Client certificate for ${who}: a Secret of type kubernetes.io/tls with tls.crt and tls.key.`,
    ),
    serverName: hostName().optional().describe(`Name that ${whose} certificate must carry${name} unless set.`),
  });
}
