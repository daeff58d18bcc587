import { writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { parse, stringify } from "yaml";
import { readFile } from "node:fs/promises";

/** Stands between a client and a server and spoils the connection as a network does. */
export class TcpGate {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  #isRefusing = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(host: string, port: number): Promise<TcpGate> {
    const server = createServer();
    const gate = new TcpGate(server);
    server.on("connection", (client) => gate.#accept(client, connect(port, host)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection, and each new one until {@link open}. */
  cut(): void {
    this.#isRefusing = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Present connections go silent for good, as when the other side has lost its power; new ones work. */
  silence(): void {
    for (const [client, server] of this.#pairs) {
      client.unpipe(server);
      server.unpipe(client);
      client.resume();
      server.resume();
    }
  }

  open(): void {
    this.#isRefusing = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, server: Socket): void {
    const pair: [Socket, Socket] = [client, server];
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    if (this.#isRefusing) {
      end();
      return;
    }
    this.#pairs.add(pair);
    client.pipe(server);
    server.pipe(client);
  }
}

/** A copy of the kubeconfig that goes through the gate. */
export async function kubeconfigThrough(gate: TcpGate, kubeconfig: string, copy: string): Promise<string> {
  const config = parse(await readFile(kubeconfig, "utf8")) as { clusters: { cluster: { server: string } }[] };
  for (const { cluster } of config.clusters) cluster.server = `https://127.0.0.1:${gate.port}`;
  await writeFile(copy, stringify(config), { mode: 0o600 });
  return copy;
}
