import type { SyncOutcome } from "../kong/gateway-connection.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { BackendProblem, ObjectOutcome, Revoked } from "../model/outcome.ts";
import { KongRejectedError } from "../errors.ts";
import { conditionsOf, type ConditionDraft } from "../report/conditions.ts";
import { kindStatus } from "../report/kind-status.ts";
import { mergeConditions } from "../report/merge-conditions.ts";
import { reconcileRequest } from "../report/object-status.ts";
import { withServing, type Serving } from "../report/serving.ts";
import { reportTargets } from "./report-targets.ts";
import { recordBackendProblems } from "./backend-events.ts";
import { typeOf, type KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { keyOf } from "./dispatch.ts";
import type { Gateway } from "./gateways.ts";

/** Most fields that an Event lists. */
const LISTED_FIELDS = 10;

export interface ProgrammedReport {
  readonly gateway: Gateway;
  readonly desired: readonly KongEntity[];
  readonly outcome: SyncOutcome;
  readonly backendProblems?: readonly BackendProblem[];
  /** Younger objects that want the same, and wait. */
  readonly against?: readonly ObjectKey[];
  /** What is told of an object that asks to be verified. */
  readonly serving?: Serving | undefined;
  /** Told beside the outcome's own conditions. */
  readonly conditions?: readonly ConditionDraft[];
}

/** The report stage of an object that is in Kong: its status, and an Event where drift was found. */
export function reportProgrammed(
  context: ControllerContext,
  object: KongObject,
  { gateway, desired, outcome, serving, backendProblems = [], conditions = [], against = [] }: ProgrammedReport,
): void {
  const isReportOnly = outcome.leftDrifted.length > 0;
  writeStatus(context, object, {
    outcome: {
      result: "Programmed",
      fieldsNotSent: outcome.unknownFields,
      driftedFields: outcome.leftDrifted.map(({ path }) => path),
      backendProblems,
      against: against.map(formatKey),
    },
    serving,
    conditions,
    status: {
      gateway: { namespace: gateway.key.namespace, name: gateway.key.name, instance: gateway.instance },
      ...kindStatus(object.kind, asTheyStand(gateway, desired), keyOf(object.kind, object)),
      ...reportTargets(context, object, gateway),
    },
  });
  recordBackendProblems(context, object, backendProblems);
  if (outcome.drifted.length > 0) recordDrift(context, object, outcome, isReportOnly);
}

/** With the ids that they have in Kong: an adopted entity keeps its own. */
function asTheyStand({ connection }: Gateway, desired: readonly KongEntity[]): KongEntity[] {
  return desired.map((entity) => ({
    ...entity,
    id: connection.idOf(entity.owner, entity.type, entity.part) ?? entity.id,
  }));
}

/** The report stage of an object that could not be brought to Kong. */
export function reportFailure(
  context: ControllerContext,
  object: KongObject,
  error: unknown,
  revoked?: Revoked | undefined,
): void {
  writeStatus(context, object, { outcome: { result: "Failed", error, revoked }, status: {} });
  if (error instanceof KongRejectedError && !isSaid(object, error)) {
    context.events.record(object, { type: "Warning", reason: error.reason, message: error.message, action: "Program" });
  }
}

function writeStatus(
  context: ControllerContext,
  object: KongObject,
  report: {
    outcome: ObjectOutcome;
    status: Readonly<Record<string, unknown>>;
    serving?: Serving | undefined;
    conditions?: readonly ConditionDraft[];
  },
): void {
  const { outcome, status, serving } = report;
  const told = conditionsOf(outcome);
  if (!told) return;
  const drafts = [...(serving ? withServing(told, serving) : told), ...(report.conditions ?? [])];
  const { generation, annotations } = object.metadata;
  const request = reconcileRequest(annotations);
  context.statuses.submit(typeOf(object.kind), object, {
    ...object.status,
    ...status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(request === undefined ? {} : { lastHandledReconcileAt: request }),
    conditions: mergeConditions(outcome.result === "Failed" ? object.status?.conditions : [], drafts, generation),
  });
}

function recordDrift(
  context: ControllerContext,
  object: KongObject,
  outcome: SyncOutcome,
  isReportOnly: boolean,
): void {
  const fields = outcome.drifted.map(({ path }) => path);
  const more = fields.length > LISTED_FIELDS ? ` and ${fields.length - LISTED_FIELDS} more` : "";
  const what = `${fields.slice(0, LISTED_FIELDS).join(", ")}${more}`;
  context.events.record(object, {
    type: "Warning",
    reason: isReportOnly ? "DriftFound" : "DriftRepaired",
    message: isReportOnly ? `Changed in Kong and left so: ${what}` : `Changed in Kong and put back: ${what}`,
    action: isReportOnly ? "Report" : "Repair",
  });
}

/** The Ready condition says it already: no second Event for the same refusal. */
function isSaid(object: KongObject, error: KongRejectedError): boolean {
  const ready = object.status?.conditions?.find(({ type }) => type === "Ready");
  return (
    ready?.reason === error.reason &&
    ready.message === error.message &&
    ready.observedGeneration === object.metadata.generation
  );
}
