import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { startBackend } from "../dev/backend.ts";

/** A server to route to, with the address under which Kong reaches it. */
export interface KongBackend {
  readonly address: string;
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Answers every request with its name and what it was asked.
 * @param kongsHost the address under which a Kong elsewhere reaches this machine; then it listens on all of them.
 */
export async function openBackend(name: string, kongsHost: string | undefined, port = 0): Promise<KongBackend> {
  const backend = await startBackend(name, { port, ...(kongsHost ? { host: "0.0.0.0" } : {}) });
  return reachable(kongsHost, backend.port, () => backend.stop());
}

/** An address on which nothing listens. */
export async function openRefusingAddress(kongsHost: string | undefined): Promise<string> {
  const backend = await openBackend("gone", kongsHost);
  await backend.stop();
  return backend.address;
}

/** Takes requests and never answers. */
export async function openSilentBackend(kongsHost: string | undefined): Promise<KongBackend> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
  });
  server.listen(0, kongsHost ? "0.0.0.0" : "127.0.0.1");
  await once(server, "listening");
  return reachable(kongsHost, (server.address() as AddressInfo).port, async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
}

function reachable(kongsHost = "127.0.0.1", port: number, stop: () => Promise<void>): KongBackend {
  const address = `${kongsHost}:${port}`;
  return { address, url: `http://${address}`, stop };
}
