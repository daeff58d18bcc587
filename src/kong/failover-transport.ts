import { TransportError, type AdminTransport, type TransportRequest, type TransportResponse } from "./transport.ts";

/**
 * Several addresses of one gateway: requests go to one of them until it cannot be connected to, then to the next.
 * What may have been carried out is never sent to another one.
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
      const isAway = error instanceof TransportError && error.failure === "refused";
      if (!isAway || tried + 1 >= transports.length) throw error;
      // Somebody else may have gone on already.
      if (current === at) current = (at + 1) % transports.length;
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
