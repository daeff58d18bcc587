import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

const FOUND_TTL_MS = 10_000;
const MISSING_TTL_MS = 1000;
const TIMEOUT_MS = 1500;

/**
 * Addresses of host names, by the machine's own resolver, remembered for a short while.
 *
 * A name that cannot be resolved is always answered with what a Kong without a DNS server says: what the machine's
 * resolver would say differs from place to place.
 */
export class NameResolver {
  readonly #known = new Map<string, { readonly until: number; readonly address: Promise<string | undefined> }>();

  /** The address, or undefined when there is none within {@link TIMEOUT_MS}. */
  resolve(host: string): Promise<string | undefined> {
    if (isIP(host) !== 0) return Promise.resolve(host);
    const now = performance.now();
    const known = this.#known.get(host);
    if (known !== undefined && known.until > now) return known.address;
    const address = addressOf(host);
    this.#known.set(host, { until: now + FOUND_TTL_MS, address });
    void address.then((found) => {
      if (found === undefined) this.#known.set(host, { until: performance.now() + MISSING_TTL_MS, address });
    });
    return address;
  }
}

async function addressOf(host: string): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, TIMEOUT_MS, undefined);
  });
  try {
    return (await Promise.race([lookup(host, { family: 4 }), tooLong]))?.address;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** The gateway's message for a host that it cannot resolve. */
export function unresolvedMessage(host: string): string {
  return `failed the initial dns/balancer resolve for '${host}' with: failed to receive reply from UDP server 127.0.0.1:53: connection refused`;
}
