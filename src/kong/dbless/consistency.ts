import { KongRejectedError, NotReadyError, type OperatorError } from "../../errors.ts";
import { formatKey } from "../../model/object-key.ts";
import { positionOf, referencesOf, uniqueKeysOf } from "../../plan/entity-graph.ts";
import { conflictMessage, wordFor } from "../conflict.ts";
import type { DocumentEntity } from "./document.ts";

/** What may stand in the document under one id. */
export interface Candidate {
  /** What its object asks for; undefined where it is to go. */
  readonly wanted: DocumentEntity | undefined;
  /** What is loaded: the last good version. The same as `wanted` where nothing has changed. */
  readonly loaded: DocumentEntity | undefined;
  /** When the object was created, RFC 3339; of two newcomers that want one name, the older has it. */
  readonly createdAt: string;
}

/** An entity that could not go in as its object asks for it. */
export interface Setback {
  readonly entity: DocumentEntity;
  readonly error: OperatorError;
}

export interface Consistent {
  readonly entities: ReadonlyMap<string, DocumentEntity>;
  /** By id. */
  readonly setbacks: ReadonlyMap<string, Setback>;
}

/** Why Kong does not take this version of an entity; undefined where it has not refused it. */
export type RefusalOf = (entity: DocumentEntity) => OperatorError | undefined;

/**
 * Chooses what goes into one document so that in it every reference leads somewhere and nothing that must be unique is
 * there twice. Of each entity the version that its object asks for goes in, else the last good one, else none.
 *
 * Who has a name keeps it; of newcomers the older object gets it.
 */
export function makeConsistent(candidates: ReadonlyMap<string, Candidate>, refusalOf: RefusalOf): Consistent {
  const chosen = new Map<string, DocumentEntity>();
  const setbacks = new Map<string, Setback>();
  const demote = (id: string, error: OperatorError): void => {
    const candidate = candidates.get(id);
    const current = chosen.get(id) ?? candidate?.wanted;
    if (!candidate || !current) return;
    if (!setbacks.has(id)) setbacks.set(id, { entity: current, error });
    const { loaded } = candidate;
    if (loaded && current !== loaded && !refusalOf(loaded)) chosen.set(id, loaded);
    else chosen.delete(id);
  };
  for (const [id, { wanted }] of candidates) {
    if (!wanted) continue;
    const refusal = refusalOf(wanted);
    if (refusal) demote(id, refusal);
    else chosen.set(id, wanted);
  }
  // Each round takes something back, and each entity is taken back twice at most.
  while (separate(candidates, chosen, demote) || dropDangling(chosen, demote));
  return { entities: chosen, setbacks };
}

type Demote = (id: string, error: OperatorError) => void;

/** @returns whether something had to be taken back. */
function separate(
  candidates: ReadonlyMap<string, Candidate>,
  chosen: ReadonlyMap<string, DocumentEntity>,
  demote: Demote,
): boolean {
  const holders = new Map<string, DocumentEntity>();
  /** By id, under which name they lost: only in the end is it known to whom. */
  const losers = new Map<string, string>();
  for (const entity of chosen.values()) {
    for (const key of uniqueKeysOf(entity.type, entity.fields)) {
      const name = `${entity.type} ${key}`;
      const holder = holders.get(name);
      if (!holder) {
        holders.set(name, entity);
        continue;
      }
      const [winner, loser] = precedes(candidates, holder, entity, key) ? [holder, entity] : [entity, holder];
      holders.set(name, winner);
      losers.set(loser.id, name);
    }
  }
  for (const [id, name] of losers) {
    const holder = holders.get(name);
    if (holder) demote(id, conflictWith(holder));
  }
  return losers.size > 0;
}

function precedes(
  candidates: ReadonlyMap<string, Candidate>,
  a: DocumentEntity,
  b: DocumentEntity,
  key: string,
): boolean {
  const rank = (entity: DocumentEntity): [number, string, string] => {
    const { loaded, createdAt = "" } = candidates.get(entity.id) ?? {};
    const hasIt = loaded !== undefined && uniqueKeysOf(loaded.type, loaded.fields).includes(key);
    return [hasIt ? 0 : 1, createdAt, entity.owner ? formatKey(entity.owner) : ""];
  };
  const [left, right] = [rank(a), rank(b)];
  const differing = left.findIndex((part, index) => part !== right[index]);
  return differing < 0 || (left[differing] ?? 0) < (right[differing] ?? 0);
}

function conflictWith({ type, owner }: DocumentEntity): OperatorError {
  const holder = owner
    ? ({ kind: "ours", text: `${owner.kind} ${owner.namespace}/${owner.name}` } as const)
    : ({ kind: "unmanaged", text: "nobody" } as const);
  return new KongRejectedError("Conflict", conflictMessage(type, holder, ""), { status: 409 });
}

/** Down the graph, so that what hangs on a missing one goes in the same pass. */
function dropDangling(chosen: ReadonlyMap<string, DocumentEntity>, demote: Demote): boolean {
  let found = false;
  const order = [...chosen.values()].sort((a, b) => positionOf(a.type) - positionOf(b.type));
  for (const { id, type, fields } of order) {
    const missing = referencesOf(type, fields).find((reference) => !chosen.has(reference.id));
    if (!missing) continue;
    found = true;
    const what = `the ${wordFor(missing.type)} that this refers to is not in the gateway: see the conditions of its object`;
    demote(id, new NotReadyError("RefNotReady", what));
  }
  return found;
}
