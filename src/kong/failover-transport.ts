import { TransportError, type AdminTransport, type TransportRequest, type TransportResponse } from "./transport.ts";

/**
 * Several addresses of one gateway: requests go to one of them until it fails, then to the next.
 * What may have been carried out is never sent to another one; what only reads may be.
 */
export function failoverTransport(transports: readonly AdminTransport[]): AdminTransport {
  let current = 0;
  const send = async (request: TransportRequest, tried = 0): Promise<TransportResponse> => {
    const at = current;
    const transport = transports[at];
    if (!transport) throw new TransportError("refused", "the Service has no endpoints");
    try {
      return await transport.send(request);
    } catch (error) {
      if (!isAway(error)) throw error;
      // Somebody else may have gone on already.
      if (current === at) current = (at + 1) % transports.length;
      const mayRepeat = request.method === "GET" || NEVER_SENT.has(error.failure);
      if (!mayRepeat || tried + 1 >= transports.length) throw error;
      return send(request, tried + 1);
    }
  };
  return {
    send: (request) => send(request),
    close: async () => {
      await Promise.all(transports.map((transport) => transport.close()));
    },
  };
}

const NEVER_SENT: ReadonlySet<TransportError["failure"]> = new Set(["refused", "tls"]);

/** An answer that is too large would be so everywhere. */
function isAway(error: unknown): error is TransportError {
  return error instanceof TransportError && error.failure !== "tooLarge";
}
