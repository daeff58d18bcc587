import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { membershipId, membershipPart } from "../model/membership.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { GatewayRefusedError } from "./gateway-state.ts";
import { membersPath } from "./entity-paths.ts";
import { listAll, listTagged } from "./lister.ts";
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
    LISTED_TYPES.map(async (type) => {
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
  const groups = lists.find(({ type }) => type === "consumer_groups")?.listed ?? [];
  return { startedAt, lists: [...lists, await listMembers(session, groups, takeOver)] };
}

/** Types whose lists find our tags. Targets are listed by their upstreams, and members by their groups. */
const LISTED_TYPES: readonly KongEntityType[] = KONG_ENTITY_TYPES.filter(
  (type) => type !== "targets" && type !== "consumer_group_consumers",
);

/** Members bear no tags: those of our groups are ours where the consumer is. */
async function listMembers(
  session: GatewaySession,
  groups: readonly ReadEntity[],
  takeOver: string | undefined,
): Promise<MirrorLists["lists"][number]> {
  const { mirror, client, gate } = session;
  const startedAt = mirror.tick();
  const listed: ReadEntity[] = [];
  await Promise.all(
    groups.map((group) =>
      listAll({ client, gate, urgency: "read" }, membersPath(group.id), "consumer_group_consumers", (raw) => {
        const consumer = readEntity("consumers", raw, mirror.tags);
        if (consumer && isOurs(session, consumer.cluster, takeOver)) listed.push(membershipOf(group, consumer));
      }),
    ),
  );
  return { type: "consumer_group_consumers", listed, startedAt };
}

/** The membership as the object of the consumer asks for it. */
function membershipOf(group: ReadEntity, { id, owner, cluster }: ReadEntity): ReadEntity {
  return {
    type: "consumer_group_consumers",
    id: membershipId(group.id, id),
    part: membershipPart(group.owner.name),
    fields: { consumer: { id }, consumer_group: { id: group.id } },
    owner,
    cluster,
  };
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
