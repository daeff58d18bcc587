import type { KongEntity, Lifetime } from "../model/kong-entity.ts";

/** Milliseconds since the epoch; undefined for what has no end, or one that counts from its write. */
function endOf({ lifetime }: KongEntity): number | undefined {
  return lifetime?.since === undefined ? undefined : lifetime.since + lifetime.seconds * 1000;
}

/**
 * The entities without those whose time is over: Kong has removed them by itself, and they are not to come back.
 * @returns with them the time in ms until the next one ends.
 */
export function withoutExpired(
  entities: readonly KongEntity[],
  now: number,
): { readonly living: readonly KongEntity[]; readonly nextEndMs: number | undefined } {
  const living = entities.filter((entity) => (endOf(entity) ?? Infinity) > now);
  const ends = living.flatMap((entity) => endOf(entity) ?? []);
  return { living, nextEndMs: ends.length === 0 ? undefined : Math.min(...ends) - now };
}

/** What is left of a lifetime in whole seconds, at least one: 0 would mean no end to Kong. */
export function secondsLeft({ seconds, since }: Lifetime, now: number): number {
  return since === undefined ? seconds : Math.max(1, Math.ceil((since - now) / 1000 + seconds));
}
