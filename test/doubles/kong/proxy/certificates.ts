import { createSecureContext, type SecureContext } from "node:tls";
import type { JsonObject } from "../../../../src/model/json.ts";
import { makeCertificate } from "../../../dev/certificates.ts";
import type { GatewayIndex } from "./gateway-index.ts";
import { referenceOf, textOf } from "./json-fields.ts";

/**
 * The certificate for each server name, as Kong chooses it: the name itself, then `*.` and what follows its first label,
 * then its first labels and `.*`, then the SNI `*`, then the gateway's own, which nobody signed.
 * Source: Kong 3.9, kong.runloop.certificate.
 */
export class ServedCertificates {
  readonly #current: () => GatewayIndex;
  /** One context a certificate, as long as that entity is what it was. */
  readonly #contexts = new WeakMap<JsonObject, SecureContext>();
  /** The gateway's own certificate, for all who ask for nothing that is known. */
  readonly own = makeCertificate({ name: "localhost", hosts: ["localhost"] });
  readonly #ownContext = createSecureContext(this.own);

  constructor(current: () => GatewayIndex) {
    this.#current = current;
  }

  /** @param serverName as the client sent it; "" where it sent none. */
  contextFor(serverName: string): SecureContext {
    const index = this.#current();
    for (const name of candidates(serverName.toLowerCase())) {
      const sni = index.find("snis", name);
      const certificate = sni && index.get("certificates", referenceOf(sni["certificate"]));
      if (certificate) return this.#contextOf(certificate);
    }
    return this.#ownContext;
  }

  #contextOf(certificate: JsonObject): SecureContext {
    const known = this.#contexts.get(certificate);
    if (known) return known;
    const cert = [textOf(certificate["cert"]), textOf(certificate["cert_alt"])].filter((text) => text !== undefined);
    const key = [textOf(certificate["key"]), textOf(certificate["key_alt"])].filter((text) => text !== undefined);
    const context = contextOrNone({ cert, key }) ?? this.#ownContext;
    this.#contexts.set(certificate, context);
    return context;
  }
}

/** None for what a vault holds, which the double does not have. */
function contextOrNone(pairs: { readonly cert: string[]; readonly key: string[] }): SecureContext | undefined {
  try {
    return createSecureContext(pairs);
  } catch {
    return undefined;
  }
}

function candidates(name: string): string[] {
  const first = name.indexOf(".");
  const last = name.lastIndexOf(".");
  const wildcards = first < 0 ? [] : [`*${name.slice(first)}`, `${name.slice(0, last)}.*`];
  return [...(name === "" ? [] : [name]), ...wildcards, "*"];
}
