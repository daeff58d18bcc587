import { KongRejectedError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import type { ActualEntity } from "../plan/kong.ts";
import { redirectReferences, referencesOf } from "../plan/entity-graph.ts";
import { conflictMessage, wordFor } from "./conflict.ts";
import { findById, findExisting } from "./find-existing.ts";
import { holderOf } from "./holder.ts";
import { withoutNulls } from "./mirror-entry.ts";
import type { GatewaySession } from "./session.ts";

export interface AdoptOptions {
  /** `match` takes over only what is as desired already; `override` takes it over whatever it is. */
  readonly mode: "match" | "override";
  /** Of the object's main entity; otherwise it is found by its name. */
  readonly id?: string | undefined;
}

export interface Adoption {
  /** Desired entities, with the ids of those that are taken over. */
  readonly desired: readonly KongEntity[];
  /** What is taken over, as it stands in Kong: counterparts for the plan, not in the mirror before they carry our marks. */
  readonly adopted: readonly ActualEntity[];
}

/**
 * Finds what the object may take over, for those of its entities that Kong does not have under our marks.
 * @throws KongRejectedError `Conflict` where it belongs to another object, instance or cluster; `AdoptMismatch` where
 * it must match and does not; `AdoptNotFound` where the given id is not there.
 */
export async function findAdoptions(
  session: GatewaySession,
  desired: readonly KongEntity[],
  missing: ReadonlySet<string>,
  options: AdoptOptions,
): Promise<Adoption> {
  const ids = new Map<string, string>();
  const adopted: ActualEntity[] = [];
  const result: KongEntity[] = [];
  for (const [index, original] of desired.entries()) {
    const entity = { ...original, fields: redirectReferences(original.type, original.fields, ids) };
    const isMain = index === 0;
    // What belongs to something new cannot be there yet.
    const isChildOfNew =
      !isMain && referencesOf(entity.type, entity.fields).some(({ id }) => missing.has(id) && !ids.has(id));
    const raw =
      !missing.has(original.id) || isChildOfNew
        ? undefined
        : await lookUp(session, entity, isMain ? options.id : undefined);
    if (!raw) {
      result.push(entity);
      continue;
    }
    const found = asActual(session, entity, raw, options.mode);
    ids.set(original.id, found.id);
    adopted.push(found);
    result.push({ ...entity, id: found.id });
  }
  return { desired: result, adopted };
}

async function lookUp(
  session: GatewaySession,
  entity: KongEntity,
  id: string | undefined,
): Promise<JsonObject | undefined> {
  if (id === undefined) return findExisting(session, entity);
  const found = await findById(session, entity, id);
  if (found) return found;
  throw new KongRejectedError("AdoptNotFound", `spec.adopt.id: the gateway has no ${wordFor(entity.type)} ${id}`, {
    status: 404,
  });
}

function asActual(
  session: GatewaySession,
  entity: KongEntity,
  raw: JsonObject,
  mode: AdoptOptions["mode"],
): ActualEntity {
  const holder = holderOf(session, raw);
  if (holder.kind !== "unmanaged") {
    throw new KongRejectedError("Conflict", conflictMessage(entity.type, holder, ""), { status: 409 });
  }
  const actual: ActualEntity = {
    type: entity.type,
    id: String(raw["id"]),
    part: entity.part,
    owner: entity.owner,
    fields: withoutNulls(raw) as JsonObject,
  };
  if (mode === "match") {
    const changes = session.catalog
      .compare(entity, session.catalog.complete(entity), actual)
      .filter(({ path }) => path !== "tags");
    if (changes.length > 0) {
      const paths = changes.map(({ path }) => path).join(", ");
      throw new KongRejectedError(
        "AdoptMismatch",
        `the ${wordFor(entity.type)} to be adopted differs in ${paths}: change the spec to match it, or set spec.adopt.mode to override`,
        { status: 409 },
      );
    }
  }
  return actual;
}
