import type { MirrorEntry } from "../kong/mirror-entry.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { isOlder, pluginClaims } from "../translate/plugin-claims.ts";
import type { Caches, KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import type { Gateway } from "./gateways.ts";

/** The kind of which several objects may want one place in Kong. */
export const CONTESTED_KIND = "KongPluginBinding";

/** One binding and the gateway that it lives on. */
export interface Setting {
  readonly context: ControllerContext;
  readonly object: KongObject;
  readonly gateway: Gateway;
}

/** Bindings that want what this one wants: they look again when it changes, goes or fails. */
export function rivalsOf(caches: Caches, kind: string, object: KongObject): ObjectKey[] {
  return kind === CONTESTED_KIND
    ? claimsOf(object).flatMap((claim) => othersWith(caches, object, claim).map(keyOf))
    : [];
}

/** The places that a binding wants. */
export function claimsOf({ metadata, spec }: KongObject): string[] {
  return pluginClaims(metadata.namespace ?? "", spec);
}

/** Other bindings that want the place, wherever they live. */
export function othersWith(caches: Caches, object: KongObject, claim: string): KongObject[] {
  const found = caches.kinds.get(CONTESTED_KIND)?.byIndex("claims", claim) ?? [];
  return found.filter(({ metadata }) => metadata.uid !== object.metadata.uid);
}

/** Other bindings that want the place, live on the gateway and can be used; the oldest first. */
export function rivalsFor({ context, object, gateway }: Setting, claim: string): KongObject[] {
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

/** `service.users+consumer.alice` is what the part of a plugin's mark says of its place. */
export function claimOfPart({ metadata }: KongObject, { part, fields }: MirrorEntry): string | undefined {
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

/** What decides who comes first. */
export function ageOf({ metadata }: KongObject): Parameters<typeof isOlder>[0] {
  const { creationTimestamp, namespace = "", name } = metadata;
  return { createdAt: creationTimestamp, namespace, name };
}

export function keyOf({ kind, metadata }: KongObject): ObjectKey {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name };
}
