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
import { isOlder, pluginClaims } from "../translate/plugin-claims.ts";
import type { Caches, KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { Gateway } from "./gateways.ts";

const KIND = "KongPluginBinding";

export interface Contest {
  /** What the binding may ask for: what it wins, and what it has and nobody has taken over yet. */
  readonly desired: readonly KongEntity[];
  /** Parts that an older binding has, with that binding. */
  readonly lost: readonly { readonly part: string; readonly to: ObjectKey }[];
  /** Younger bindings that want the same. */
  readonly against: readonly ObjectKey[];
}

interface Setting {
  readonly context: ControllerContext;
  readonly object: KongObject;
  readonly gateway: Gateway;
}

/** Settles what a binding may ask for beside the others of its gateway; other kinds have no such rivals. */
export function contest(
  context: ControllerContext,
  object: KongObject,
  gateway: Gateway,
  desired: readonly KongEntity[],
): Contest {
  if (object.kind !== KIND) return { desired, lost: [], against: [] };
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

/** Bindings that want what this one wants: they look again when it changes, goes or fails. */
export function rivalsOf(caches: Caches, kind: string, object: KongObject): ObjectKey[] {
  return kind === KIND ? claimsOf(object).flatMap((claim) => othersWith(caches, object, claim).map(keyOf)) : [];
}

function claimsOf({ metadata, spec }: KongObject): string[] {
  return pluginClaims(metadata.namespace ?? "", spec);
}

function othersWith(caches: Caches, object: KongObject, claim: string): KongObject[] {
  const found = caches.kinds.get(KIND)?.byIndex("claims", claim) ?? [];
  return found.filter(({ metadata }) => metadata.uid !== object.metadata.uid);
}

/** Other bindings that want the place, live on the gateway and can be used; the oldest first. */
function rivalsFor({ context, object, gateway }: Setting, claim: string): KongObject[] {
  return othersWith(context.caches, object, claim)
    .filter((other) => isUsable(other) && livesOn(context, other, gateway))
    .sort((a, b) => (isOlder(ageOf(a), ageOf(b)) ? -1 : 1));
}

/** False for one that is going or was refused as it is now: it does not stand in the way of one that is good. */
export function isUsable({ metadata, status }: KongObject): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return !(status?.conditions ?? []).some(
    ({ type, status: verdict, reason, observedGeneration }) =>
      verdict === "False" &&
      REFUSALS.has(type) &&
      reason !== "Shadowed" &&
      reason !== "Conflict" &&
      observedGeneration === metadata.generation,
  );
}

const REFUSALS: ReadonlySet<string> = new Set(["Accepted", "ResolvedRefs", "Programmed"]);

function livesOn(context: ControllerContext, { metadata, spec }: KongObject, gateway: Gateway): boolean {
  const namespace = metadata.namespace ?? "";
  const candidates = gatewayCandidates(
    namespace,
    spec["gatewayRef"] as GatewayRefFields | undefined,
    context.operatorNamespace,
  );
  const chosen = context.gateways.choose(candidates);
  return (
    chosen !== undefined &&
    formatKey(chosen) === formatKey(gateway.key) &&
    !context.gateways.refuses(namespace, gateway)
  );
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
    context.enqueue(keyOf(other));
    return { ...entity, id: found.id };
  }
  return entity;
}

/** What the object has and asks for no longer, but another binding that can have it does: it stays until then. */
function keptForHeirs(setting: Setting, desired: readonly KongEntity[]): MirrorEntry[] {
  const { context, object, gateway } = setting;
  if (object.kind !== KIND || !isDatabase(gateway)) return [];
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

/** `service.users+consumer.alice` is what the part of a plugin's mark says of its place. */
function claimOfPart({ metadata }: KongObject, { part, fields }: MirrorEntry): string | undefined {
  const plugin = fields["name"];
  if (part === "global") return pluginClaims("", { plugin, scope: "Global" })[0];
  const target = Object.fromEntries(
    part.split("+").map((each) => {
      const dot = each.indexOf(".");
      const field = each.slice(0, dot) === "consumer_group" ? "consumerGroup" : each.slice(0, dot);
      return [`${field}Ref`, { name: each.slice(dot + 1) }];
    }),
  );
  return pluginClaims(metadata.namespace ?? "", { plugin, targets: [target] })[0];
}

function placeOf({ fields }: Pick<KongEntity, "fields">): string {
  return uniqueKeysOf("plugins", fields).find((key) => key.startsWith("name+")) ?? "";
}

/** Elsewhere all changes go to the gateway at once, and need no taking over. */
function isDatabase({ connection }: Gateway): boolean {
  return connection.state.info?.database !== "off";
}

function ageOf({ metadata }: KongObject): Parameters<typeof isOlder>[0] {
  const { creationTimestamp, namespace = "", name } = metadata;
  return { createdAt: creationTimestamp, namespace, name };
}

function keyOf({ kind, metadata }: KongObject): ObjectKey {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name };
}
