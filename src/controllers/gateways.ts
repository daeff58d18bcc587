import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { NotReadyError, RefNotFoundError, RefNotPermittedError } from "../errors.ts";
import type { GatewayConnection } from "../kong/gateway-connection.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { checkNamespaceAllowed, type NamespaceLabels } from "./allowed.ts";

/** A KongGateway that the operator talks to. */
export interface Gateway {
  readonly key: ObjectKey;
  readonly spec: KongGatewaySpec;
  /** What our tags call this gateway. */
  readonly instance: string;
  readonly workspace: string;
  readonly connection: GatewayConnection;
}

export interface GatewaysOptions extends NamespaceLabels {
  /** Candidates that exist as objects, whether they are connected or not. */
  readonly exists: (key: ObjectKey) => boolean;
}

/** The connected gateways, and the rule by which an object finds its own. */
export class Gateways {
  readonly #byKey = new Map<string, Gateway>();
  readonly #options: GatewaysOptions;

  constructor(options: GatewaysOptions) {
    this.#options = options;
  }

  get(key: ObjectKey): Gateway | undefined {
    return this.#byKey.get(formatKey(key));
  }

  all(): Gateway[] {
    return [...this.#byKey.values()];
  }

  set(gateway: Gateway): void {
    this.#byKey.set(formatKey(gateway.key), gateway);
  }

  delete(key: ObjectKey): void {
    this.#byKey.delete(formatKey(key));
  }

  /** The first candidate that exists; undefined where none does. */
  choose(candidates: readonly ObjectKey[]): ObjectKey | undefined {
    return candidates.find((candidate) => this.#options.exists(candidate));
  }

  /**
   * The gateway that an object of `namespace` may use.
   * @throws RefNotFoundError where none of the candidates exists.
   * @throws RefNotPermittedError where the gateway does not allow the namespace.
   * @throws NotReadyError where the gateway has not been connected to yet, or the namespace's labels are not known.
   */
  resolve(namespace: string, candidates: readonly ObjectKey[]): Gateway {
    const key = this.choose(candidates);
    if (!key) throw new RefNotFoundError("GatewayNotFound", notFoundMessage(candidates));
    const gateway = this.get(key);
    if (!gateway) {
      throw new NotReadyError(
        "GatewayNotReady",
        `KongGateway ${key.namespace}/${key.name} is not connected yet; see its conditions`,
      );
    }
    this.#checkAllowed(namespace, gateway);
    return gateway;
  }

  /** True where the gateway certainly does not take objects of the namespace. */
  refuses(namespace: string, gateway: Gateway): boolean {
    try {
      this.#checkAllowed(namespace, gateway);
      return false;
    } catch (error) {
      return error instanceof RefNotPermittedError;
    }
  }

  #checkAllowed(namespace: string, { key, spec }: Gateway): void {
    checkNamespaceAllowed(namespace, key, spec.allowedNamespaces, this.#options);
  }
}

function notFoundMessage(candidates: readonly ObjectKey[]): string {
  const names = candidates.map(({ namespace, name }) => `${namespace}/${name}`).join(" nor ");
  return candidates.length === 1
    ? `spec.gatewayRef: KongGateway ${names} does not exist`
    : `spec.gatewayRef is not set, and neither KongGateway ${names} exists; create one or name another`;
}
