import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import type { Verification } from "../../../src/model/verification.ts";
import { ProbeError } from "../../../src/verify/answer.ts";
import { probe } from "../../../src/verify/probe.ts";

const VERIFICATION: Verification = {
  method: "GET",
  path: "/users/1?x=%20",
  headers: { "x-a": "1" },
  schemes: ["http"],
  required: false,
  intervalMs: 60_000,
  timeoutMs: 300,
  deadlineMs: 15_000,
};
const NEVER = new AbortController().signal;

describe("verify/probe", () => {
  const servers: net.Server[] = [];

  async function serve(server: net.Server): Promise<{ url: string }> {
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  afterEach(() => {
    for (const server of servers.splice(0)) {
      if (server instanceof http.Server) server.closeAllConnections();
      server.close();
    }
  });

  it("sends method, path, query, host and headers as they are, each time on a connection of its own", async () => {
    const seen: (string | undefined)[][] = [];
    const ports = new Set<number | undefined>();
    const target = await serve(
      http.createServer((request, response) => {
        seen.push([request.method, request.url, request.headers.host, String(request.headers["x-a"])]);
        ports.add(request.socket.remotePort);
        response.end("ok");
      }),
    );
    const verification = { ...VERIFICATION, host: "api.example.com" };
    const answer = await probe(verification, target, NEVER);
    await probe(verification, target, NEVER);
    assert.equal(`${answer.status} ${answer.body}`, "200 ok");
    assert.deepEqual(seen[0], ["GET", "/users/1?x=%20", "api.example.com", "1"]);
    assert.equal(ports.size, 2);
  });

  it("does not follow a redirect", async () => {
    const target = await serve(
      http.createServer((_request, response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end()),
    );
    assert.equal((await probe(VERIFICATION, target, NEVER)).status, 302);
  });

  it("reads the beginning of an endless body and no more", async () => {
    const target = await serve(
      http.createServer((_request, response) => {
        const timer = setInterval(() => response.write("x".repeat(3_000)), 1);
        response.on("close", () => clearInterval(timer));
      }),
    );
    assert.equal((await probe(VERIFICATION, target, NEVER)).body.length, 4_096);
  });

  it("fails with timeout where no answer comes, also in the middle of one", async () => {
    const silent = await serve(net.createServer((socket) => socket.on("error", () => undefined).resume()));
    await assert.rejects(probe(VERIFICATION, silent, NEVER), hasFailed("timeout"));
    const half = await serve(http.createServer((_request, response) => void response.writeHead(200).write("x")));
    await assert.rejects(probe(VERIFICATION, half, NEVER), hasFailed("timeout"));
  });

  it("fails with unreachable where nothing listens or the connection breaks", async () => {
    await assert.rejects(probe(VERIFICATION, { url: "http://127.0.0.1:9" }, NEVER), hasFailed("unreachable"));
    const broken = await serve(net.createServer((socket) => socket.destroy()));
    await assert.rejects(probe(VERIFICATION, broken, NEVER), hasFailed("unreachable"));
  });

  it("ends at once when told to", async () => {
    const silent = await serve(net.createServer((socket) => socket.on("error", () => undefined).resume()));
    const stopping = new AbortController();
    const asked = probe({ ...VERIFICATION, timeoutMs: 60_000 }, silent, stopping.signal);
    stopping.abort();
    await assert.rejects(asked);
  });
});

function hasFailed(failure: string) {
  return (error: unknown): boolean => error instanceof ProbeError && error.failure === failure;
}
