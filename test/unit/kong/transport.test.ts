import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { GatewaySettings } from "../../../src/kong/settings.ts";
import {
  httpTransport,
  TransportError,
  type AdminTransport,
  type TransportResponse,
} from "../../../src/kong/transport.ts";
import { CERTIFICATE_PEM, KEY_PEM } from "./pem.ts";

describe("kong/transport", () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function serve(
    listener: http.RequestListener,
    options: { tls?: boolean; requestCert?: boolean } = {},
  ): Promise<string> {
    const server = options.tls
      ? https.createServer(
          { cert: CERTIFICATE_PEM, key: KEY_PEM, requestCert: options.requestCert ?? false, ca: CERTIFICATE_PEM },
          listener,
        )
      : http.createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return `${options.tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function transport(url: string, overrides: Partial<GatewaySettings> = {}): AdminTransport {
    const made = httpTransport({
      url,
      headers: {},
      workspace: "",
      timeoutMs: 1000,
      concurrency: 2,
      instance: "i",
      driftIntervalMs: 1000,
      driftPolicy: "Repair",
      ...overrides,
    });
    closing.push(() => made.close());
    return made;
  }

  const get = (made: AdminTransport): Promise<TransportResponse> =>
    made.send({ method: "GET", path: "/", headers: {} });
  const failsWith = (failure: string) => (error: unknown) =>
    error instanceof TransportError && error.failure === failure;

  it("keeps its connections", async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("{}");
    });
    const made = transport(url);
    for (let count = 0; count < 20; count++) await get(made);
    assert.ok(ports.size <= 2, `${ports.size} connections for a concurrency of 2`);
  });

  it("does not follow a redirect", async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests++;
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    assert.equal((await get(transport(url))).status, 302);
    assert.equal(requests, 1);
  });

  it("tells a refused connection from a lost one and from a late answer", async () => {
    const url = await serve((request, response) => {
      if (request.headers["x-do"] === "hang") return;
      response.destroy();
    });
    await assert.rejects(get(transport("http://127.0.0.1:1")), failsWith("refused"));
    await assert.rejects(get(transport(url)), failsWith("lost"));
    const slow = transport(url, { timeoutMs: 100 });
    await assert.rejects(slow.send({ method: "GET", path: "/", headers: { "x-do": "hang" } }), failsWith("timeout"));
  }).timeout(5000);

  it("does not speak to a server whose certificate it cannot trust", async () => {
    const url = await serve((_request, response) => response.end("{}"), { tls: true });
    await assert.rejects(get(transport(url)), failsWith("tls"));
    await assert.rejects(
      get(transport(url, { tls: { ca: CERTIFICATE_PEM } })),
      failsWith("tls"),
      "the name is another one",
    );
    const trusted = transport(url, { tls: { ca: CERTIFICATE_PEM, serverName: "web.test" } });
    assert.equal((await get(trusted)).status, 200);
  });

  it("shows the client certificate that it was given", async () => {
    let isAuthorized: boolean | undefined;
    const url = await serve(
      (request, response) => {
        isAuthorized = (request.socket as { authorized?: boolean }).authorized;
        response.end("{}");
      },
      { tls: true, requestCert: true },
    );
    const tls = { ca: CERTIFICATE_PEM, serverName: "web.test", cert: CERTIFICATE_PEM, key: KEY_PEM };
    await get(transport(url, { tls }));
    assert.equal(isAuthorized, true);
  });
});
