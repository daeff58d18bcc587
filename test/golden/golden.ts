import { isDeepStrictEqual } from "node:util";
import { parseAllDocuments } from "yaml";
import { parseSpec } from "../../src/api/parse.ts";
import type { Caches } from "../../src/controllers/caches.ts";
import type { Gateway } from "../../src/controllers/gateways.ts";
import { KONG_KINDS, type KongKind } from "../../src/controllers/kong-kinds.ts";
import { observe } from "../../src/controllers/observe.ts";
import {
  endpointsOf,
  type EndpointSliceFields,
  type PortRef,
  type ServiceFields,
} from "../../src/discovery/endpoint-slices.ts";
import { OperatorError, RefNotFoundError } from "../../src/errors.ts";
import type { Endpoint } from "../../src/model/endpoint.ts";
import { entityId } from "../../src/model/identity.ts";
import type { FieldChange, KongEntity, KongEntityType } from "../../src/model/kong-entity.ts";
import { formatKey, parseKey, type ObjectKey } from "../../src/model/object-key.ts";
import { planKong } from "../../src/plan/kong.ts";

const NAMESPACE = "team-a";
const INSTANCE = "team-a.default";
const CLUSTER = "11111111-2222-4333-8444-555555555555";

interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Of a Secret. */
  readonly stringData?: Readonly<Record<string, string>>;
}

/** What a case comes to, as out.yaml holds it. */
export interface Golden {
  /** By object, what Kong should hold for it; or why not. */
  readonly objects: Readonly<Record<string, readonly unknown[] | { readonly error: string; readonly message: string }>>;
  /** By object, what has to be written, in order. */
  readonly plan: Readonly<Record<string, readonly string[]>>;
}

/**
 * The manifests of a case through parse, observe, translate and plan, as the operator takes them.
 * @param before the manifests that Kong was brought in line with before; nothing where absent.
 */
export function translateCase(manifests: string, before?: string): Golden {
  const former = new World(before ?? "", []);
  const standing = former.entities();
  const world = new World(manifests, standing);
  const keys = [...new Set([...world.keys(), ...former.keys()])];
  return {
    objects: Object.fromEntries(world.keys().map((key) => [key, world.shown(key)])),
    plan: Object.fromEntries(
      keys.flatMap((key) => {
        const operations = planOf(world.desired(key), standing.filter(ownedBy(key)));
        return operations.length > 0 ? [[key, operations]] : [];
      }),
    ),
  };
}

/** The cluster and the gateway as one set of manifests describes them. */
class World {
  readonly #objects: ReadonlyMap<string, Manifest>;
  readonly #standing: readonly KongEntity[];

  constructor(text: string, standing: readonly KongEntity[]) {
    const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
    this.#objects = new Map(manifests.map((manifest) => [formatKey(keyOf(manifest)), manifest]));
    this.#standing = standing;
  }

  /** Of the objects that become entities. */
  keys(): string[] {
    return [...this.#objects.keys()].filter((key) => kindOf(parseKey(key).kind) !== undefined);
  }

  entities(): KongEntity[] {
    return this.keys().flatMap((key) => this.#translate(key));
  }

  /** Nothing for an object that is not there; what stands for one that cannot be translated. */
  desired(key: string): readonly KongEntity[] {
    if (!this.#objects.has(key)) return [];
    try {
      return this.#translate(key);
    } catch {
      return this.#standing.filter(ownedBy(key));
    }
  }

  shown(key: string): Golden["objects"][string] {
    try {
      return this.#translate(key).map(({ type, id, part, fields, secretPaths, lifetime }) => ({
        type,
        id,
        ...(part === "" ? {} : { part }),
        fields,
        ...(secretPaths ? { secretPaths } : {}),
        ...(lifetime ? { lifetime } : {}),
      }));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return { error: `${error.name} ${error.reason}`, message: error.message };
    }
  }

  #translate(key: string): KongEntity[] {
    const { definition, translation } = kindOf(parseKey(key).kind)!;
    const owner = parseKey(key);
    const spec = parseSpec(definition, { metadata: owner, spec: this.#objects.get(key)?.spec });
    const references = translation.references(owner.namespace, spec);
    return translation.translate(
      spec,
      observe({ owner, references, cluster: CLUSTER, gateway: this.#gateway(), caches: this.#caches() }),
    );
  }

  /** Everything that the manifests describe stands in Kong already, under the id that it has or will get. */
  #gateway(): Gateway {
    const spec = this.#objects.get(`KongGateway/${NAMESPACE}/default`)?.spec ?? {};
    const idOf = (owner: ObjectKey, type: KongEntityType, part = ""): string =>
      this.#standing.find((entity) => ownedBy(formatKey(owner))(entity) && entity.type === type && entity.part === part)
        ?.id ?? entityId({ instance: INSTANCE, workspace: "" }, type, owner, part);
    const key = { kind: "KongGateway", namespace: NAMESPACE, name: "default" };
    const connection = { idOf, entitiesOfType: () => [] };
    return { key, instance: INSTANCE, workspace: "", spec, connection } as unknown as Gateway;
  }

  #endpoints(namespace: string, name: string, port: PortRef, field: string): Endpoint[] {
    const service = this.#objects.get(`Service/${namespace}/${name}`);
    if (!service)
      throw new RefNotFoundError("ServiceNotFound", `${field}: Service ${namespace}/${name} does not exist`);
    const slices = [...this.#objects.values()].filter(
      ({ kind, metadata: { labels } }) => kind === "EndpointSlice" && labels?.["kubernetes.io/service-name"] === name,
    );
    return endpointsOf(service as unknown as ServiceFields, slices as unknown as EndpointSliceFields[], port, field);
  }

  #caches(): Caches {
    const get = (key: ObjectKey): Manifest | undefined => this.#objects.get(formatKey(key));
    const informer = (kind: string) => ({ get: (namespace: string, name: string) => get({ kind, namespace, name }) });
    return {
      get,
      secretData: (namespace: string, name: string) => get({ kind: "Secret", namespace, name })?.stringData,
      kinds: new Map(KONG_KINDS.map(({ definition: { kind } }) => [kind, informer(kind)])),
      services: {
        endpointsOf: (...[namespace, name, port, field]: Parameters<Caches["services"]["endpointsOf"]>) =>
          this.#endpoints(namespace, name, port, field),
      },
      secrets: { get: (namespace: string, name: string) => secretOf(get({ kind: "Secret", namespace, name })) },
    } as unknown as Caches;
  }
}

function secretOf(manifest: Manifest | undefined): object | undefined {
  const data = Object.entries(manifest?.stringData ?? {}).map(([key, text]) => [
    key,
    Buffer.from(text).toString("base64"),
  ]);
  return manifest && { metadata: { creationTimestamp: "2026-01-01T00:00:00Z" }, data: Object.fromEntries(data) };
}

function planOf(desired: readonly KongEntity[], actual: readonly KongEntity[]): string[] {
  return planKong({ desired, actual, compare }).map(({ action, entity, changes }) => {
    const paths = changes.map(({ path }) => path).join(", ");
    return `${action} ${entity.type}/${nameOf(entity)}${paths === "" ? "" : `: ${paths}`}`;
  });
}

/** The fields that differ; the operator's own comparison knows the gateway's schema as well. */
function compare({ fields }: KongEntity, actual: { readonly fields: KongEntity["fields"] }): FieldChange[] {
  const paths = new Set([...Object.keys(fields), ...Object.keys(actual.fields)]);
  return [...paths].filter((path) => !isDeepStrictEqual(fields[path], actual.fields[path])).map((path) => ({ path }));
}

function nameOf({ id, part, fields }: KongEntity): string {
  const name = part === "" ? (fields["name"] ?? fields["username"]) : part;
  return typeof name === "string" ? name : id;
}

function ownedBy(key: string): (entity: KongEntity) => boolean {
  return ({ owner }) => formatKey(owner) === key;
}

function keyOf({ kind, metadata }: Manifest): ObjectKey {
  return { kind, namespace: metadata.namespace ?? NAMESPACE, name: metadata.name };
}

function kindOf(kind: string): KongKind | undefined {
  return KONG_KINDS.find(({ definition }) => definition.kind === kind);
}
