import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { GatewayRefusedError } from "./gateway-state.ts";
import { listTagged } from "./lister.ts";
import type { Mirror } from "./mirror.ts";
import { readEntity, type ReadEntity } from "./mirror-entry.ts";
import type { GatewaySession } from "./session.ts";

export interface MirrorLists {
  /** The mirror's clock before the first list. */
  readonly startedAt: number;
  readonly lists: readonly {
    readonly type: KongEntityType;
    readonly listed: readonly ReadEntity[];
    readonly startedAt: number;
  }[];
}

/**
 * Lists everything under our instance but targets, all types at a time.
 * @throws GatewayRefusedError where another cluster uses our instance; KongUnavailableError, GatewayAuthError.
 */
export async function listMirror(session: GatewaySession, takeOver: string | undefined): Promise<MirrorLists> {
  const { mirror, client, gate, instance } = session;
  const startedAt = mirror.tick();
  const foreign = new Map<string, number>();
  const lists = await Promise.all(
    KONG_ENTITY_TYPES.filter((type) => type !== "targets").map(async (type) => {
      const typeStartedAt = mirror.tick();
      const listed: ReadEntity[] = [];
      await listTagged({ client, gate, urgency: "read" }, type, instance, (raw) => {
        const entity = readEntity(type, raw, mirror.tags);
        if (!entity) return;
        if (isOurs(session, entity.cluster, takeOver)) listed.push(entity);
        else foreign.set(entity.cluster, (foreign.get(entity.cluster) ?? 0) + 1);
      });
      return { type, listed, startedAt: typeStartedAt };
    }),
  );
  if (foreign.size > 0) throw instanceInUse(instance, foreign);
  return { startedAt, lists };
}

/** @returns the owners of what differs from what was known. */
export function applyLists(mirror: Mirror, { lists, startedAt }: MirrorLists): ObjectKey[] {
  const changed = new Map<string, ObjectKey>();
  for (const list of lists) {
    for (const owner of mirror.applyList(list.type, list.listed, list.startedAt)) changed.set(formatKey(owner), owner);
  }
  mirror.forgetRemovalsBefore(startedAt);
  return [...changed.values()];
}

/** Whether entities of this cluster under our instance are ours to change. */
export function isOurs(
  { cluster }: Pick<GatewaySession, "cluster">,
  ofCluster: string,
  takeOver: string | undefined,
): boolean {
  return ofCluster === cluster || ofCluster === takeOver;
}

export function instanceInUse(instance: string, foreign: ReadonlyMap<string, number>): GatewayRefusedError {
  const found = [...foreign].map(([cluster, count]) => `${count} of cluster ${cluster}`).join(", ");
  return new GatewayRefusedError({
    reason: "InstanceInUse",
    message:
      `the gateway holds entities of another cluster under our instance ${JSON.stringify(instance)} (${found}): ` +
      "give this KongGateway another spec.instance, or set spec.takeOver to that cluster's uid to take them over",
  });
}
