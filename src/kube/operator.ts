import type { KubeConfig, KubernetesObject, V1CustomResourceDefinitionVersion } from "@kubernetes/client-node";
import { CoreV1Api } from "@kubernetes/client-node";
import operatorModule, {
  ResourceEventType,
  ResourceMetaImpl,
  type OperatorLogger,
  type ResourceEvent,
  type ResourceMeta,
} from "@dot-i/k8s-operator";
import type { Logger } from "../runtime/logger.ts";
import type { KubeClient } from "./client.ts";
import { registerDefinition } from "./crd.ts";
import { Informer, type InformerEvent } from "./informer.ts";
import { resourcePath, type KubeObject, type ResourceType } from "./resource.ts";
import { writeStatus, type StatusWithConditions } from "./status.ts";

// CommonJS seen from an ES module: its default export is a property.
const Operator = operatorModule.default;

export interface KubeOperatorOptions {
  readonly config: KubeConfig;
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Namespaces that `watchResource` watches; all where absent or empty. */
  readonly namespaces?: readonly string[];
}

/**
 * @dot-i/k8s-operator's life cycle on our own client and informers. Each override says what it mends in 1.3.9, so that
 * it can go when upstream has it.
 *
 * `init()` registers informers and controllers; `start()` resolves when the caches hold everything that was there.
 */
export abstract class KubeOperator extends Operator {
  protected readonly client: KubeClient;
  protected readonly log: Logger;
  readonly #namespaces: readonly string[];
  readonly #informers: Informer<KubeObject>[] = [];
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: KubeOperatorOptions) {
    super(adaptLogger(options.logger));
    // The base class has read the environment by now; what the caller has chosen wins.
    this.kubeConfig = options.config;
    this.k8sApi = options.config.makeApiClient(CoreV1Api);
    this.client = options.client;
    this.#namespaces = options.namespaces ?? [];
    this.log = options.logger;
  }

  /** Aborts when `stop` is called. */
  protected get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  /** The informers registered so far, for metrics and `/readyz`. */
  get informers(): readonly Informer<KubeObject>[] {
    return this.#informers;
  }

  /** Adds an informer to those that `start` starts and `stop` ends; call it in `init()`. */
  protected register<T extends KubeObject>(informer: Informer<T>): Informer<T> {
    this.#informers.push(informer as unknown as Informer<KubeObject>);
    return informer;
  }

  /** The base class returns before anything is known: here the caches are filled first, or it was stopped. */
  override async start(): Promise<void> {
    await super.start();
    this.#running = Promise.all(this.#informers.map((informer) => informer.start(this.#stop.signal)));
    await Promise.all(this.#informers.map((informer) => informer.waitForSync()));
  }

  /** The base class aborts its watches, which its own error handler takes for a failure and exits 1. */
  override async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /**
   * The base class exits the process on any watch error and on a quiet watch, loses deletions in a gap, shares one
   * queue among all resources and drops what a handler throws. Here: an informer; events of one object one at a time.
   */
  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const type: ResourceType = { group, version, plural, kind: "", namespaced: true };
    const namespaces = namespace ? [namespace] : this.#namespaces;
    const informer = this.register(
      new Informer<KubeObject>({ type, client: this.client, logger: this.log, namespaces }),
    );
    const latest = new Map<string, Promise<void>>();
    informer.addHandler((event) => {
      const { uid } = event.object.metadata;
      const turn = (latest.get(uid) ?? Promise.resolve())
        .then(() => onEvent(toResourceEvent(plural, event)))
        .catch((error: unknown) => this.log.error("event handler failed by a bug", { resource: plural, error }))
        .finally(() => latest.get(uid) === turn && latest.delete(uid));
      latest.set(uid, turn);
    });
  }

  /** The base class sends a whole object by PUT, and answers null to any error. @throws KubeApiError, ConflictError */
  protected override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const type = typeOfMeta(meta);
    const current = await this.client.get<KubeObject>(type, refOfMeta(meta));
    const object = { ...current, metadata: { ...current.metadata, resourceVersion: meta.resourceVersion } };
    const options = { now: new Date(), withResourceVersion: true };
    const written = await writeStatus(this.client, type, object, status as StatusWithConditions, options);
    return ResourceMetaImpl.createWithId(meta.id, toKubernetesObject(written ?? current));
  }

  /** The base class answers null to any error. @throws KubeApiError, ConflictError */
  protected override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    const body = { metadata: { resourceVersion: meta.resourceVersion }, status };
    const patch = { kind: "merge", body } as const;
    const written = await this.client.patch(typeOfMeta(meta), refOfMeta(meta), patch, { subresource: "status" });
    return ResourceMetaImpl.createWithId(meta.id, toKubernetesObject(written));
  }

  /**
   * The base class overwrites finalizers that others have put since, and swallows errors, so that
   * `handleResourceFinalizer` says true though nothing was written. @throws KubeApiError, ConflictError
   */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const body = { metadata: { resourceVersion: meta.resourceVersion, finalizers } };
    await this.client.patch(typeOfMeta(meta), refOfMeta(meta), { kind: "merge", body });
  }

  /** The base class uses the typed API, which drops CEL rules, and leaves an older definition as it is. */
  protected override async registerCustomResourceDefinition(
    crdFile: string,
  ): Promise<{ group: string; versions: V1CustomResourceDefinitionVersion[]; plural: string }> {
    const { spec } = await registerDefinition(this.client, crdFile, this.stopping);
    return { group: spec.group, versions: spec.versions, plural: spec.names.plural };
  }

  /** The base class reads a field that client-node 2 no longer has. */
  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const type: ResourceType = { group, version, plural, kind: "", namespaced: true };
    return new URL(resourcePath(type, namespace), this.client.server).toString();
  }
}

export { ResourceEventType, type ResourceEvent, type ResourceMeta };

function adaptLogger(logger: Logger): OperatorLogger {
  const base = logger.child({ component: "operator" });
  return {
    debug: (message) => base.debug(message),
    info: (message) => base.info(message),
    warn: (message) => base.warn(message),
    error: (message) => base.error(message),
  };
}

const EVENT_TYPES = {
  added: ResourceEventType.Added,
  updated: ResourceEventType.Modified,
  deleted: ResourceEventType.Deleted,
} as const;

/** With a copy of the object: `handleResourceFinalizer` changes it in place, and ours is the cache's. */
function toResourceEvent(plural: string, event: InformerEvent<KubeObject>): ResourceEvent {
  const object = toKubernetesObject(structuredClone(event.object));
  return { type: EVENT_TYPES[event.type], meta: ResourceMetaImpl.createWithPlural(plural, object), object };
}

/** The types differ in the times alone, which client-node's own types take for Date. */
function toKubernetesObject(object: KubeObject): KubernetesObject {
  return object as unknown as KubernetesObject;
}

/** `meta.id` is `<plural>.<apiVersion>`. */
function typeOfMeta(meta: ResourceMeta): ResourceType {
  const [group = "", version] = meta.apiVersion.includes("/") ? meta.apiVersion.split("/") : ["", meta.apiVersion];
  const plural = meta.id.slice(0, -(meta.apiVersion.length + 1));
  return { group, version: version ?? "", plural, kind: meta.kind, namespaced: meta.namespace !== undefined };
}

function refOfMeta(meta: ResourceMeta): { namespace: string; name: string } {
  return { namespace: meta.namespace ?? "", name: meta.name };
}
