import type { KongEntity } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Naming } from "../translate/names.ts";
import type { DestinationRules } from "./destinations.ts";
import type { TenantRights } from "./rights.ts";

/** All that the rules know of the one who asks, and of the gateway that is asked. */
export interface TenancyContext {
  readonly owner: ObjectKey;
  readonly gateway: ObjectKey;
  readonly naming: Naming;
  readonly rights: TenantRights;
  readonly destinations: DestinationRules;
  /** Name that the upstream of a service's `upstreamRef` has in Kong: not what its spec says, which may be refused. */
  readonly ownUpstream?: string | undefined;
  /** Namespace of the object whose upstream in Kong has this name; Kong takes it for a service's host of that name. */
  readonly upstreamNamespace?: ((name: string) => string | undefined) | undefined;
  /** Static targets of the spec; undefined where all targets are to be judged as static ones. */
  readonly staticTargets?: ReadonlySet<string> | undefined;
}

/** An entity as it is desired, or as it stands in Kong. */
export type JudgedEntity = Pick<KongEntity, "type" | "fields" | "secretPaths">;

/** What is not permitted, and where the gateway's owner can permit it. */
export interface Violation {
  /** Path in the spec, `spec.hosts[1]`. */
  readonly field: string;
  /** Completes "FIELD …", and holds no value that may come from a Secret. */
  readonly problem: string;
  /** Field of `spec.tenants[]` that opens it; undefined where nothing does. */
  readonly opens: string | undefined;
}

export function violation(field: string, problem: string, opens?: string): Violation {
  return { field, problem, opens };
}
