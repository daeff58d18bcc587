/*
 * Where two KongPluginBindings want the same plugin in the same place, the older one has it (creationTimestamp, then
 * name), whichever Kong was told of first. Who wins takes the entity over as it stands, with its id and by one write, so
 * that no request passes without the plugin; who loses, or goes, only waits for that.
 */
import { KongRejectedError, NotReadyError } from "../errors.ts";
import type { MirrorEntry } from "../kong/mirror-entry.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { uniqueKeysOf } from "../plan/entity-graph.ts";
import { isOlder } from "../translate/plugin-claims.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import type { Gateway } from "./gateways.ts";
import {
  ageOf,
  claimOfPart,
  claimsOf,
  keyOf,
  CONTESTED_KIND,
  othersWith,
  rivalsFor,
  type Setting,
} from "./plugin-rivals.ts";

export interface Contest {
  /** What the binding may ask for: what it wins, and what it has and nobody has taken over yet. */
  readonly desired: readonly KongEntity[];
  /** Parts that an older binding has, with that binding. */
  readonly lost: readonly { readonly part: string; readonly to: ObjectKey }[];
  /** Younger bindings that want the same. */
  readonly against: readonly ObjectKey[];
}

/** Settles what a binding may ask for beside the others of its gateway; other kinds have no such rivals. */
export function contest(
  context: ControllerContext,
  object: KongObject,
  gateway: Gateway,
  desired: readonly KongEntity[],
): Contest {
  if (object.kind !== CONTESTED_KIND) return { desired, lost: [], against: [] };
  const setting = { context, object, gateway };
  const claims = claimsOf(object);
  const kept: KongEntity[] = [];
  const lost: Contest["lost"][number][] = [];
  const against = new Map<string, ObjectKey>();
  desired.forEach((entity, index) => {
    const rivals = rivalsFor(setting, claims[index] ?? "");
    const winner = rivals.find((rival) => isOlder(ageOf(rival), ageOf(object)));
    const standing = standingIn(gateway, object, entity);
    if (!winner) {
      for (const rival of rivals) against.set(formatKey(keyOf(rival)), keyOf(rival));
      kept.push(standing ? entity : takenOver(setting, claims[index] ?? "", entity));
    } else if (standing && isDatabase(gateway)) {
      awaitHeir(setting, standing, winner);
      kept.push(entity);
    } else {
      lost.push({ part: entity.part, to: keyOf(winner) });
    }
  });
  return { desired: [...kept, ...keptForHeirs(setting, desired)], lost, against: [...against.values()] };
}

/**
 * Called before an object leaves a gateway.
 * @throws NotReadyError while another binding takes over what this one has.
 */
export function handOverPlugins(context: ControllerContext, object: KongObject, gateway: Gateway): void {
  const [entry] = keptForHeirs({ context, object, gateway }, []);
  if (entry) throw new NotReadyError("HandingOver", `what it has in Kong (${entry.part}) goes over to another binding`);
}

/** @throws KongRejectedError `Shadowed` where an older binding has what this one asks for. */
export function refuseShadowed({ lost }: Contest, desired: readonly KongEntity[]): void {
  const [first] = lost;
  if (!first) return;
  const what = desired.length > 1 ? ` (${lost.length} of ${desired.length} targets, such as ${first.part})` : "";
  const message =
    `${formatKey(first.to)} is older and has the same plugin in the same place${what}; this one takes over when that ` +
    "lets go: delete one of the two, or change where it acts";
  throw new KongRejectedError("Shadowed", message, { status: 409 });
}

/** What the object has in Kong for a desired entity. */
function standingIn({ connection }: Gateway, object: KongObject, { part }: KongEntity): MirrorEntry | undefined {
  return connection.entitiesOf(keyOf(object)).find((entry) => entry.part === part);
}

/** With the id of what another binding has there, which thereby becomes this one's. */
function takenOver({ context, object, gateway }: Setting, claim: string, entity: KongEntity): KongEntity {
  if (!isDatabase(gateway)) return entity;
  const wanted = placeOf(entity);
  for (const other of othersWith(context.caches, object, claim)) {
    const found = gateway.connection.entitiesOf(keyOf(other)).find((entry) => placeOf(entry) === wanted);
    if (!found) continue;
    // Told when that has happened: asked to look before it has, the two would ask each other for as long as it fails.
    gateway.connection.awaitChange(found.id, keyOf(other));
    return { ...entity, id: found.id };
  }
  return entity;
}

/** What the object has and asks for no longer, but another binding that can have it does: it stays until then. */
function keptForHeirs(setting: Setting, desired: readonly KongEntity[]): MirrorEntry[] {
  const { context, object, gateway } = setting;
  if (object.kind !== CONTESTED_KIND || !isDatabase(gateway)) return [];
  const parts = new Set(desired.map(({ part }) => part));
  return gateway.connection.entitiesOf(keyOf(object)).filter((entry) => {
    if (entry.type !== "plugins" || parts.has(entry.part)) return false;
    const claim = claimOfPart(object, entry);
    const heir = claim === undefined ? undefined : rivalsFor({ context, object, gateway }, claim)[0];
    if (heir) awaitHeir(setting, entry, heir);
    return heir !== undefined;
  });
}

function awaitHeir({ context, object, gateway }: Setting, { id }: MirrorEntry, heir: KongObject): void {
  gateway.connection.awaitChange(id, keyOf(object));
  context.enqueue(keyOf(heir));
}

function placeOf({ fields }: Pick<KongEntity, "fields">): string {
  return uniqueKeysOf("plugins", fields).find((key) => key.startsWith("name+")) ?? "";
}

/** Elsewhere all changes go to the gateway at once, and need no taking over. */
function isDatabase({ connection }: Gateway): boolean {
  return connection.state.info?.database !== "off";
}
