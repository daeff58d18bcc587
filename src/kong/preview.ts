import { KongRejectedError } from "../errors.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { FieldChange, KongAction, KongEntity } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { referencesOf } from "../plan/entity-graph.ts";
import { AdminRejection } from "./admin-client.ts";
import type { AdoptOptions } from "./adopt.ts";
import { conflictMessage } from "./conflict.ts";
import { findExisting } from "./find-existing.ts";
import { holderOf } from "./holder.ts";
import { prepare } from "./planner.ts";
import { rejectedError } from "./rejection.ts";
import { isSecretField, valueAt } from "./secret-fields.ts";
import type { GatewaySession } from "./session.ts";
import { planWithAdoptions } from "./sync-object.ts";

/** A field that differs, with both values; neither where it may be secret. */
export interface ShownChange extends FieldChange {
  readonly before?: Json | undefined;
  readonly after?: Json | undefined;
  readonly isSecret: boolean;
}

/** One write that a sync would make. */
export interface PlannedChange {
  readonly action: KongAction | "adopt";
  readonly entity: KongEntity;
  readonly fields: readonly ShownChange[];
}

export interface Preview {
  readonly changes: readonly PlannedChange[];
  /** Paths of fields that the gateway's schema lacks. */
  readonly unknownFields: readonly string[];
}

/**
 * What a sync of the object would write. Reads only.
 * @throws OperatorError as a sync would, a name that belongs to somebody else included.
 */
export async function previewObject(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  adopt: AdoptOptions | undefined,
): Promise<Preview> {
  await prepare(session, owner, desired);
  const plan = await planWithAdoptions(session, owner, desired, adopt ? { adopt } : {});
  const created = plan.operations.filter(({ action }) => action === "create").map(({ entity }) => entity);
  await refuseTaken(session, created);
  const written = plan.operations.filter(({ action }) => action !== "delete").map(({ entity }) => entity);
  await Promise.all(written.map((entity) => validate(session, entity)));
  const adopted = new Map(plan.adopted.map((entity) => [entity.id, entity.fields]));
  const changes = plan.operations.map(({ action, entity, changes }): PlannedChange => {
    const before = adopted.get(entity.id) ?? session.mirror.get(entity.type, entity.id)?.fields ?? {};
    const fields = action === "update" ? shownChanges(session, entity, before, changes) : [];
    return { action: adopted.has(entity.id) ? "adopt" : action, entity, fields };
  });
  return { changes, unknownFields: plan.unknownFields };
}

function shownChanges(
  { catalog }: GatewaySession,
  entity: KongEntity,
  before: JsonObject,
  changes: readonly FieldChange[],
): ShownChange[] {
  const { full } = catalog.complete(entity);
  return changes.map(({ path }) => {
    const schema = catalog.schemaOf(entity);
    const isSecret = [full, before].some((fields) => isSecretField({ ...entity, fields }, path, schema));
    if (path === "*" || isSecret) return { path, isSecret: true };
    return { path, before: valueAt(before, path), after: valueAt(full, path), isSecret: false };
  });
}

/**
 * Asks Kong whether it would take the entity, as far as its schema says.
 * Source: Admin API, "Validate a configuration against a schema"; references are not looked at.
 */
async function validate({ client, gate, catalog }: GatewaySession, entity: KongEntity): Promise<void> {
  const { send } = catalog.complete(entity);
  const path = `/schemas/${entity.type}/validate`;
  try {
    await gate.run("soon", () => client.request("POST", path, "schemas", { id: entity.id, ...send }));
  } catch (error) {
    if (!(error instanceof AdminRejection)) throw error;
    if (error.status === 400) throw rejectedError(entity, error);
  }
}

/** Kong would refuse these: somebody else has the name, key or place. */
async function refuseTaken(session: GatewaySession, created: readonly KongEntity[]): Promise<void> {
  const ids = new Set(created.map(({ id }) => id));
  const possible = created.filter(({ type, fields }) => !referencesOf(type, fields).some(({ id }) => ids.has(id)));
  await Promise.all(
    possible.map(async (entity) => {
      const found = await findExisting(session, entity);
      const holder = found && holderOf(session, found);
      // What is ours may let go of it in the same run.
      if (!holder || holder.kind === "ours") return;
      throw new KongRejectedError("Conflict", conflictMessage(entity.type, holder, ""), { status: 409 });
    }),
  );
}
