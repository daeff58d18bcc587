import http from "node:http";
import { randomUUID } from "node:crypto";
import { inParallel } from "./gateway.ts";

/** Connections of the floor: more gain nothing at a real Kong. */
const CONNECTIONS = 16;

/** What one object becomes at the gateway. */
export interface FloorRequest {
  readonly path: string;
  readonly body: string;
}

/** The PUTs of `count` services and their routes, as the operator would send them. */
export function floorRequests(count: number, tag: string): { services: FloorRequest[]; routes: FloorRequest[] } {
  const services: FloorRequest[] = [];
  const routes: FloorRequest[] = [];
  for (let index = 0; index < count; index += 1) {
    const service = randomUUID();
    const tags = [
      tag,
      "kjo.cluster:00000000-0000-0000-0000-000000000000",
      `kjo.object:KongService:bench:service-${index}`,
    ];
    services.push({
      path: `/services/${service}`,
      body: JSON.stringify({
        name: `floor.service-${index}`,
        protocol: "http",
        host: "127.0.0.1",
        port: 8080,
        path: "/v1",
        tags,
      }),
    });
    routes.push({
      path: `/routes/${randomUUID()}`,
      body: JSON.stringify({
        name: `floor.route-${index}`,
        paths: [`/floor/${index}`],
        strip_path: true,
        service: { id: service },
        tags,
      }),
    });
  }
  return { services, routes };
}

/**
 * Sends the PUTs over plain keep-alive sockets, services before routes: nothing between us and the gateway could be faster.
 * Returns seconds. @throws Error at the first answer that is not 200.
 */
export async function measureFloor(adminUrl: string, requests: ReturnType<typeof floorRequests>): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const started = performance.now();
  for (const list of [requests.services, requests.routes]) {
    await inParallel(list, CONNECTIONS, (request) => put(agent, adminUrl, request));
  }
  agent.destroy();
  return (performance.now() - started) / 1000;
}

function put(agent: http.Agent, adminUrl: string, { path, body }: FloorRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const request = http.request(adminUrl + path, { method: "PUT", agent, headers }, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`PUT ${path}: HTTP ${response.statusCode}`)),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}
