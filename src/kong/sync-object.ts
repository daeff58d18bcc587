import { NotReadyError, type OperatorError } from "../errors.ts";
import type { FieldChange, KongEntity, KongOperation } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { referencesOf } from "../plan/entity-graph.ts";
import { AdminRejection } from "./admin-client.ts";
import { applyPlan, type Failure } from "./apply.ts";
import { planObject, prepare } from "./planner.ts";
import { isMissingReference, rejectedError } from "./rejection.ts";
import type { GatewaySession } from "./session.ts";
import { concernsGateway, writeOperation } from "./writer.ts";

export interface SyncOptions {
  /**
   * The object was programmed in this very gateway at this generation: a difference is then drift, unless its desired
   * fields have changed by way of a Secret or a reference.
   */
  readonly inSyncBefore: boolean;
}

export interface SyncOutcome {
  /** Requests that changed something. */
  readonly writes: number;
  readonly operations: readonly KongOperation[];
  /** An entity came, or its id or name changed: whoever refers to the object may have to look again. */
  readonly identityChanged: boolean;
  /** Differences that nobody asked for: repaired with drift policy Repair, left with Report. */
  readonly drifted: readonly FieldChange[];
  /** Of {@link drifted}, what still differs. */
  readonly leftDrifted: readonly FieldChange[];
  /** Paths of fields that the gateway's schema lacks and that were not sent. */
  readonly unknownFields: readonly string[];
}

/**
 * Makes Kong hold what one object asks for.
 * @throws OperatorError of the first operation that failed, after all others that do not need it have been tried.
 */
export async function syncObject(
  session: GatewaySession,
  owner: ObjectKey,
  desired: readonly KongEntity[],
  options: SyncOptions & { readonly driftPolicy: "Repair" | "Report" },
): Promise<SyncOutcome> {
  await prepare(session, owner, desired);
  const { operations, drift, unknownFields } = planObject(session, owner, desired, options.inSyncBefore);
  const drifted = drift.flatMap((operation) => driftPaths(operation, desired));
  const isLeft = options.driftPolicy === "Report";
  const plan = isLeft ? operations.filter((operation) => !drift.includes(operation)) : operations;
  if (plan.length === 0)
    return {
      writes: 0,
      operations: [],
      identityChanged: false,
      drifted,
      leftDrifted: isLeft ? drifted : [],
      unknownFields,
    };
  session.assertWritable();
  const namesBefore = new Map(session.mirror.ofOwner(owner).map(({ id, fields }) => [id, nameOf(fields)]));
  const { done, failures } = await applyPlan(plan, (operation) => writeOperation(session, operation));
  if (failures.length > 0) throw await explain(session, owner, failures);
  return {
    writes: done.length,
    operations: done,
    identityChanged: done.some(
      ({ action, entity }) => action === "create" || nameOf(entity.fields) !== namesBefore.get(entity.id),
    ),
    drifted,
    leftDrifted: isLeft ? drifted : [],
    unknownFields,
  };
}

function nameOf(fields: KongEntity["fields"]): unknown {
  return fields["name"] ?? fields["username"];
}

/** The object's main entity is its first; what differs in others is told with their type and part. */
function driftPaths({ action, entity, changes }: KongOperation, desired: readonly KongEntity[]): FieldChange[] {
  const isMain = entity.type === desired[0]?.type && entity.part === desired[0]?.part;
  const prefix = isMain ? "" : `${entity.type}[${entity.part}]`;
  if (action === "create") return [{ path: `${prefix || entity.type} (missing)` }];
  if (action === "delete") return [{ path: `${prefix || entity.type} (not asked for)` }];
  return changes.map(({ path }) => ({ path: prefix === "" ? path : `${prefix}.${path}` }));
}

/** The error to show for a plan's failures: an unreachable gateway before a refusal, else the first. */
async function explain(session: GatewaySession, owner: ObjectKey, failures: readonly Failure[]): Promise<unknown> {
  const ofGateway = failures.find(({ error }) => concernsGateway(error) || error instanceof NotReadyError);
  if (ofGateway) return ofGateway.error;
  const [first] = failures;
  if (!first || !(first.error instanceof AdminRejection)) return first?.error;
  return explainRejection(session, owner, first.operation.entity, first.error);
}

function explainRejection(
  session: GatewaySession,
  owner: ObjectKey,
  entity: KongEntity,
  rejection: AdminRejection,
): OperatorError {
  if (isMissingReference(rejection)) {
    for (const { type, id } of referencesOf(entity.type, entity.fields)) {
      session.waiting.add(id, owner);
      const said = rejection.kong.fields;
      if (JSON.stringify(said).includes(id)) session.noteVanished(type, id);
    }
  }
  return rejectedError(entity, rejection);
}
