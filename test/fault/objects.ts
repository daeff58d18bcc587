import { API_VERSION } from "../../src/api/names.ts";

/** A manifest without its namespace, which the scene adds. */
export interface TestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Of a Secret. */
  readonly stringData?: Readonly<Record<string, string>>;
}

/** An object of one of our kinds. */
export function custom(kind: string, name: string, spec: Readonly<Record<string, unknown>>): TestObject {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec };
}

/** A Secret that the operator may read. */
export function secret(name: string, stringData: Readonly<Record<string, string>>): TestObject {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, labels: { "kjo.dev/secret": "true" } }, stringData };
}

export interface Size {
  readonly upstreams: number;
  readonly services: number;
  readonly routes: number;
  readonly plugins: number;
  readonly consumers: number;
}

const MANY_OF: Size = { upstreams: 20, services: 450, routes: 450, plugins: 50, consumers: 30 };
const FEW_OF: Size = { upstreams: 3, services: 8, routes: 10, plugins: 4, consumers: 3 };
const TARGETS = 3;

/** Objects of our kinds in {@link manyObjects}, its Secrets not counted. */
export const MANY = Object.values(MANY_OF).reduce((sum, count) => sum + count, 0);
/** What they are in Kong: one entity each, and targets and credentials. */
export const MANY_ENTITIES = MANY + MANY_OF.upstreams * TARGETS + MANY_OF.consumers;

/**
 * A configuration of 1,000 objects with all that refers to each other: routes and plugins to services, services to
 * upstreams by name, targets to upstreams, credentials to consumers.
 */
export function manyObjects(): TestObject[] {
  return objectsOf(MANY_OF);
}

/** The same in small, for what takes many rounds. */
export function fewObjects(): TestObject[] {
  return objectsOf(FEW_OF);
}

/** A configuration of any size. */
export function objectsOf(size: Size): TestObject[] {
  const upstreams = count(size.upstreams, (n) =>
    custom("KongUpstream", `pool-${n}`, {
      targets: count(TARGETS, (address) => ({ target: `10.0.${n}.${address + 1}:8080`, weight: 10 * (address + 1) })),
    }),
  );
  const services = count(size.services, (n) =>
    custom(
      "KongService",
      `service-${n}`,
      n < size.upstreams ? { upstreamRef: { name: `pool-${n}` } } : { host: `h${n}.test` },
    ),
  );
  const routes = count(size.routes, (n) =>
    custom("KongRoute", `route-${n}`, {
      serviceRef: { name: `service-${n % size.services}` },
      paths: [`/route-${n}`],
    }),
  );
  const plugins = count(size.plugins, (n) => {
    const target = n % 2 === 0 ? { routeRef: { name: `route-${n}` } } : { serviceRef: { name: `service-${n}` } };
    return custom("KongPluginBinding", `limit-${n}`, {
      plugin: "rate-limiting",
      config: { minute: n + 1, policy: "local" },
      targets: [target],
    });
  });
  const consumers = count(size.consumers, (n) =>
    custom("KongConsumer", `consumer-${n}`, { credentials: [{ type: "key-auth", secretRef: { name: `key-${n}` } }] }),
  );
  const secrets = count(size.consumers, (n) => secret(`key-${n}`, { key: `not-so-secret-${n}` }));
  return [...secrets, ...upstreams, ...services, ...routes, ...plugins, ...consumers];
}

function count<T>(many: number, make: (n: number) => T): T[] {
  return Array.from({ length: many }, (_, n) => make(n));
}
