import { KINDS } from "../api/kinds.ts";
import { KongGateway } from "../api/v1alpha1/kong-gateway.ts";
import { GROUP, LABEL_SECRET, SECRET_PLACEHOLDER, VERSION } from "../api/names.ts";
import type { Informer, InformerOptions } from "../kube/informer.ts";
import {
  NAMESPACE,
  SECRET,
  type CustomResource,
  type KubeObject,
  type ResourceType,
  type Secret,
} from "../kube/resource.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { KongObjectStatus } from "../report/object-status.ts";
import { pluginClaims } from "../translate/plugin-claims.ts";
import { deliveryUses, isDeliveryKind } from "./delivery/uses.ts";
import { gatewayCandidates } from "./gateway-ref.ts";
import { gatewaySecrets } from "./gateway-settings.ts";
import { adminServices } from "./admin-pods.ts";
import { KONG_KINDS } from "./kong-kinds.ts";
import { formatServiceKey, Services } from "./services.ts";

/** An object of one of our kinds as the API server stores it; its spec is not parsed yet. */
export type KongObject = CustomResource<Record<string, unknown>, KongObjectStatus>;

/** Registers an informer of the operator's scope. */
export type Watch = <T extends KubeObject>(
  options: Omit<InformerOptions<T>, "client" | "logger" | "namespaces">,
) => Informer<T>;

export interface CachesOptions {
  readonly watch: Watch;
  /** False where the operator may read only some namespaces: their labels are then unknown. */
  readonly watchesAllNamespaces: boolean;
  readonly operatorNamespace: string;
}

/** The informers of everything that the controllers read, with the indexes by which a change finds who uses it. */
export class Caches {
  readonly kinds: ReadonlyMap<string, Informer<KongObject>>;
  readonly secrets: Informer<Secret>;
  readonly namespaces: Informer<KubeObject> | undefined;
  readonly services: Services;
  readonly #operatorNamespace: string;

  constructor({ watch, watchesAllNamespaces, operatorNamespace }: CachesOptions) {
    this.#operatorNamespace = operatorNamespace;
    this.kinds = new Map(
      KINDS.map(({ kind }) => {
        const indexes = {
          uses: (object: KongObject) => usesOf(kind, object, operatorNamespace),
          ...(CLAIMS[kind] ? { claims: CLAIMS[kind] } : {}),
        };
        return [kind, watch<KongObject>({ type: typeOf(kind), indexes })];
      }),
    );
    this.secrets = watch<Secret>({ type: SECRET, labelSelector: `${LABEL_SECRET}=true` });
    this.services = new Services(watch);
    this.namespaces = watchesAllNamespaces ? watch<KubeObject>({ type: NAMESPACE }) : undefined;
  }

  get(key: ObjectKey): KongObject | undefined {
    return this.kinds.get(key.kind)?.get(key.namespace, key.name);
  }

  /** Decoded data of a labelled Secret. */
  secretData(namespace: string, name: string): Readonly<Record<string, string>> | undefined {
    const secret = this.secrets.get(namespace, name);
    return secret && decodedData(secret);
  }

  /** The keys of what an object uses, as text; the same values that the index holds. */
  usesOf(kind: string, object: KongObject): string[] {
    return usesOf(kind, object, this.#operatorNamespace);
  }

  /** Puts in what the API server answered to our own write. */
  noteWritten(object: KubeObject): void {
    this.kinds.get(object.kind)?.noteWritten(object as KongObject);
  }

  /** The objects whose spec, or whose place in a gateway, names the given one. */
  usersOf(used: ObjectKey): ObjectKey[] {
    const value = formatKey(used);
    return [...this.kinds].flatMap(([kind, informer]) =>
      informer
        .byIndex("uses", value)
        .map(({ metadata }) => ({ kind, namespace: metadata.namespace ?? "", name: metadata.name })),
    );
  }
}

export function decodedData({ data = {} }: Secret): Readonly<Record<string, string>> {
  const decoded = Object.entries(data).map(
    ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
  );
  // A placeholder that nobody has filled in must not become somebody's key.
  return Object.fromEntries(decoded.filter(([, value]) => !SECRET_PLACEHOLDER.test(value)));
}

/** Index values of kinds that Kong takes what they want from one of them only. */
const CLAIMS: Readonly<Record<string, (object: KongObject) => string[]>> = {
  KongPluginBinding: ({ metadata, spec }) => pluginClaims(metadata.namespace ?? "", spec),
  KongCertificate: ({ spec: { snis } }) => (Array.isArray(snis) ? snis.filter((name) => typeof name === "string") : []),
};

/** The resource of one of our kinds. @throws Error for another kind. */
export function typeOf(kind: string): ResourceType {
  const definition = KINDS.find((candidate) => candidate.kind === kind);
  if (!definition) throw new Error(`not a kind of ours: ${kind}`);
  return { group: GROUP, version: VERSION, plural: definition.plural, kind, namespaced: true };
}

/** Index values of an object: the keys of all that it uses. A spec that cannot be read uses nothing. */
function usesOf(kind: string, object: KongObject, operatorNamespace: string): string[] {
  const namespace = object.metadata.namespace ?? "";
  const secret = (name: string): string => formatKey({ kind: "Secret", namespace, name });
  try {
    if (kind === KongGateway.kind) {
      return [...gatewaySecrets(object.spec).map(({ name }) => secret(name)), ...adminServices(namespace, object.spec)];
    }
    if (isDeliveryKind(kind)) return deliveryUses(kind, namespace, object.spec);
    const translation = KONG_KINDS.find(({ definition }) => definition.kind === kind)?.translation;
    const references = translation?.references(namespace, object.spec);
    const gatewayRef = object.spec["gatewayRef"] as { name?: string; namespace?: string } | undefined;
    const lives = object.status?.gateway;
    return [
      ...gatewayCandidates(namespace, gatewayRef, operatorNamespace),
      ...(lives ? [{ kind: KongGateway.kind, namespace: lives.namespace, name: lives.name }] : []),
      ...(references?.objects ?? []).map(({ to }) => to),
    ]
      .map(formatKey)
      .concat((references?.secrets ?? []).map(({ name }) => secret(name)))
      .concat((references?.services ?? []).map(({ name }) => formatServiceKey(namespace, name)));
  } catch {
    return [];
  }
}
