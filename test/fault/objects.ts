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

/** Objects of our kinds in {@link manyObjects}, its Secrets not counted. */
export const MANY = 1_000;
/** What they are in Kong: beside one entity each, 60 targets and 30 credentials. */
export const MANY_ENTITIES = 1_090;

/**
 * A configuration of 1,000 objects with all that refers to each other: routes and plugins to services, services to
 * upstreams by name, targets to upstreams, credentials to consumers.
 */
export function manyObjects(): TestObject[] {
  const upstreams = count(20, (n) =>
    custom("KongUpstream", `pool-${n}`, {
      targets: count(3, (address) => ({ target: `10.0.${n}.${address + 1}:8080`, weight: 10 * (address + 1) })),
    }),
  );
  const services = count(450, (n) =>
    custom("KongService", `service-${n}`, n < 20 ? { upstreamRef: { name: `pool-${n}` } } : { host: `h${n}.test` }),
  );
  const routes = count(450, (n) =>
    custom("KongRoute", `route-${n}`, { serviceRef: { name: `service-${n}` }, paths: [`/route-${n}`] }),
  );
  const plugins = count(50, (n) => {
    const target = n % 2 === 0 ? { routeRef: { name: `route-${n}` } } : { serviceRef: { name: `service-${n}` } };
    return custom("KongPluginBinding", `limit-${n}`, {
      plugin: "rate-limiting",
      config: { minute: n + 1, policy: "local" },
      targets: [target],
    });
  });
  const consumers = count(30, (n) =>
    custom("KongConsumer", `consumer-${n}`, { credentials: [{ type: "key-auth", secretRef: { name: `key-${n}` } }] }),
  );
  const secrets = count(30, (n) => secret(`key-${n}`, { key: `not-so-secret-${n}` }));
  return [...secrets, ...upstreams, ...services, ...routes, ...plugins, ...consumers];
}

function count<T>(many: number, make: (n: number) => T): T[] {
  return Array.from({ length: many }, (_, n) => make(n));
}
