import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { gatewayCandidates, type GatewayRefFields } from "./gateway-ref.ts";
import { adminUrl } from "./gateway-settings.ts";
import type { Gateway } from "./gateways.ts";

/** Where an object that is being deleted may live: all that is said or seen of it, and where its spec would put it. */
export function placesOf(context: ControllerContext, key: ObjectKey, object: KongObject): ObjectKey[] {
  const gatewayRef = object.spec["gatewayRef"] as GatewayRefFields | undefined;
  const chosen = context.gateways.choose(gatewayCandidates(key.namespace, gatewayRef, context.operatorNamespace));
  return distinct([...knownPlaces(context, key, object), ...(chosen ? [chosen] : [])]);
}

/** Where an object lives besides the gateway that it uses now. */
export function formerPlaces(
  context: ControllerContext,
  key: ObjectKey,
  object: KongObject,
  now: Gateway,
): ObjectKey[] {
  return knownPlaces(context, key, object).filter((place) => {
    const gateway = context.gateways.get(place);
    // Two KongGateways with one instance on one Kong share their entities: what leaves one leaves both.
    return formatKey(place) !== formatKey(now.key) && !(gateway && sharesEntities(gateway, now));
  });
}

/**
 * Former gateways of the object that are this very Kong under another instance: what the object has there is taken over
 * as it stands, ids included, so that nothing is missing for a moment and what refers to it need not notice.
 */
export function formerSelves(context: ControllerContext, key: ObjectKey, object: KongObject, now: Gateway): Gateway[] {
  return formerPlaces(context, key, object, now).flatMap((place) => {
    const former = context.gateways.get(place);
    const isTakenOver = former && isSameKong(former, now) && now.connection.state.info?.database !== "off";
    return isTakenOver && former.connection.entitiesOf(key).length > 0 ? [former] : [];
  });
}

/** The status may be older than the last move: a gateway's mirror knows of the object all the same. */
export function knownPlaces(context: ControllerContext, key: ObjectKey, object: KongObject): ObjectKey[] {
  const lives = object.status?.gateway;
  const holding = context.gateways.all().filter(({ connection }) => connection.entitiesOf(key).length > 0);
  const told = lives ? [{ kind: "KongGateway", namespace: lives.namespace, name: lives.name }] : [];
  return distinct([...told, ...holding.map((gateway) => gateway.key)]);
}

export function sharesEntities(a: Gateway, b: Gateway): boolean {
  return isSameKong(a, b) && a.instance === b.instance;
}

/** As far as their specs tell. */
export function isSameKong(a: Gateway, b: Gateway): boolean {
  return adminUrl(a.key, a.spec) === adminUrl(b.key, b.spec) && a.workspace === b.workspace;
}

function distinct(places: readonly ObjectKey[]): ObjectKey[] {
  return [...new Map(places.map((place) => [formatKey(place), place])).values()];
}
