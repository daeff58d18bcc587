import { randomUUID } from "node:crypto";
import http from "node:http";
import { inParallel } from "./gateway.ts";

/** Connections of the floor: more gain nothing at a real Kong. */
const CONNECTIONS = 16;

interface FloorRequest {
  readonly method: "PUT" | "POST";
  readonly path: string;
  readonly body: string;
}

interface FloorEntity {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What the objects of the load become at the gateway, by table, in the order of creation. */
export interface FloorEntities {
  readonly upstreams: readonly FloorEntity[];
  readonly targets: readonly FloorEntity[];
  readonly services: readonly FloorEntity[];
  readonly routes: readonly FloorEntity[];
}

/** The entities of `count` services and their routes, with an upstream of two targets each where they are wanted. */
export function floorEntities(count: number, tag: string, options: { readonly upstreams: boolean }): FloorEntities {
  const upstreams: FloorEntity[] = [];
  const targets: FloorEntity[] = [];
  const services: FloorEntity[] = [];
  const routes: FloorEntity[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = (kind: string): string => `floor.${kind}-${index}`;
    const tags = [tag, "kjo.cluster:00000000-0000-0000-0000-000000000000", `kjo.object:KongService:bench:${index}`];
    if (options.upstreams) {
      const upstream = randomUUID();
      upstreams.push({ id: upstream, fields: { name: name("upstream"), tags } });
      for (const port of [8080, 8081])
        targets.push({
          id: randomUUID(),
          fields: { upstream: { id: upstream }, target: `127.0.0.1:${port}`, weight: 100, tags },
        });
    }
    const service = randomUUID();
    const host = options.upstreams ? name("upstream") : "127.0.0.1";
    services.push({
      id: service,
      fields: { name: name("service"), protocol: "http", host, port: 8080, path: "/v1", tags },
    });
    routes.push({
      id: randomUUID(),
      fields: {
        name: name("route"),
        paths: [`/floor/${index}`],
        strip_path: true,
        service: { id: service },
        tags,
      },
    });
  }
  return { upstreams, targets, services, routes };
}

/**
 * Sends the writes over plain keep-alive sockets, kind by kind: nothing between us and the gateway could be faster.
 * Returns seconds. @throws Error at the first answer that is not 200 or 201.
 */
export function measureFloor(adminUrl: string, entities: FloorEntities): Promise<number> {
  const put = (table: string, list: readonly FloorEntity[]): FloorRequest[] =>
    list.map(({ id, fields }) => ({ method: "PUT", path: `/${table}/${id}`, body: JSON.stringify(fields) }));
  const targets = entities.targets.map(({ id, fields: { upstream, ...fields } }): FloorRequest => {
    const path = `/upstreams/${(upstream as { id: string }).id}/targets`;
    return { method: "POST", path, body: JSON.stringify({ id, ...fields }) };
  });
  return time(adminUrl, [
    put("upstreams", entities.upstreams),
    targets,
    put("services", entities.services),
    put("routes", entities.routes),
  ]);
}

/** One load of all of it into a gateway without a database. Returns seconds. @throws Error where it is refused. */
export function measureDeclaredFloor(adminUrl: string, entities: FloorEntities): Promise<number> {
  const reference = ({ id }: { id: string }): string => id;
  const document: Record<string, unknown> = { _format_version: "3.0", _transform: false };
  for (const [table, list] of Object.entries(entities) as [string, readonly FloorEntity[]][]) {
    document[table] = list.map(({ id, fields }) => {
      const entity: Record<string, unknown> = { id, ...fields };
      for (const field of ["upstream", "service"])
        if (fields[field] !== undefined) entity[field] = reference(fields[field] as { id: string });
      return entity;
    });
  }
  return time(adminUrl, [[{ method: "POST", path: "/config", body: JSON.stringify(document) }]]);
}

/** Empties a gateway without a database. */
export async function clearDeclared(adminUrl: string): Promise<void> {
  await time(adminUrl, [
    [{ method: "POST", path: "/config", body: JSON.stringify({ _format_version: "3.0", _transform: false }) }],
  ]);
}

async function time(adminUrl: string, phases: readonly (readonly FloorRequest[])[]): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const started = performance.now();
  for (const list of phases) await inParallel(list, CONNECTIONS, (request) => send(agent, adminUrl, request));
  agent.destroy();
  return (performance.now() - started) / 1000;
}

function send(agent: http.Agent, adminUrl: string, { method, path, body }: FloorRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const request = http.request(adminUrl + path, { method, agent, headers }, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === 200 || response.statusCode === 201
          ? resolve()
          : reject(new Error(`${method} ${path}: HTTP ${response.statusCode}`)),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}
