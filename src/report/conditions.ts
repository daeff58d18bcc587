import {
  DeletionBlockedError,
  GatewayAuthError,
  InvalidSpecError,
  KongRejectedError,
  KongUnavailableError,
  NotReadyError,
  OperatorError,
  RefNotFoundError,
  RefNotPermittedError,
  TenantRestrictedError,
} from "../errors.ts";
import type { Condition } from "../api/meta.ts";
import type { BackendProblem, ObjectOutcome } from "../model/outcome.ts";

/** A condition without its times, which the writer of the status sets. */
export type ConditionDraft = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

/** Longest message of a condition; the API server itself takes 32,768. */
const MESSAGE_LIMIT = 1024;

const TRUE_MESSAGES: Readonly<Record<string, string>> = {
  Accepted: "The spec is valid",
  ResolvedRefs: "Everything that the spec refers to is there",
  Programmed: "Kong holds what the spec asks for",
};

/**
 * The conditions of an object of a gateway kind after a reconcile, following kstatus: `Reconciling` and `Stalled` are
 * there only while true. undefined where the object's status is to be left as it is: trouble with the cluster says
 * nothing about its objects.
 */
export function conditionsOf(outcome: ObjectOutcome): ConditionDraft[] | undefined {
  const drafts = draftsOf(outcome);
  if (outcome.result === "Programmed" || !drafts || !outcome.revoked) return drafts;
  const { reason, message } = REVOKED[outcome.revoked];
  const programmed = no("Programmed", reason, message);
  return [...drafts.filter(({ type }) => type !== "Programmed"), programmed];
}

const REVOKED = {
  Removed: { reason: "Revoked", message: "No longer permitted on the gateway, and removed from Kong" },
  Reported: {
    reason: "RevocationReported",
    message: "No longer permitted on the gateway; still in Kong, because the KongGateway's revocation.policy is Report",
  },
  Blocked: {
    reason: "RevocationBlocked",
    message: "No longer permitted on the gateway; still in Kong, because something there refers to it; tried again",
  },
} as const;

function draftsOf(outcome: ObjectOutcome): ConditionDraft[] | undefined {
  if (outcome.result === "Programmed") {
    const conditions = programmed(outcome.fieldsNotSent, outcome.driftedFields);
    return [...withBackendProblems(conditions, outcome.backendProblems ?? []), ...contested(outcome.against ?? [])];
  }
  const { error } = outcome;
  const reason = error instanceof OperatorError ? error.reason : "InternalError";
  const message = error instanceof OperatorError ? error.message : "An error in the operator itself; its log says more";
  if (error instanceof InvalidSpecError)
    return [no("Accepted", reason, message), no("Ready", reason, message), stalled(reason, message)];
  // What Kong holds of it may be an earlier, permitted version: Programmed stays as it is.
  if (error instanceof TenantRestrictedError)
    return [no("Accepted", reason, message), no("Ready", reason, message), stalled(reason, message)];
  const accepted = yes("Accepted");
  if (error instanceof RefNotFoundError || error instanceof RefNotPermittedError) {
    return [
      accepted,
      no("ResolvedRefs", reason, message),
      unknown("Programmed", "RefsNotResolved", message),
      no("Ready", reason, message),
    ];
  }
  const resolved = [accepted, yes("ResolvedRefs")];
  if (error instanceof KongRejectedError) {
    const stuck = isForGood(error) ? [stalled(reason, message)] : [];
    return [...resolved, no("Programmed", reason, message), no("Ready", reason, message), ...stuck];
  }
  if (error instanceof DeletionBlockedError) return [no("Ready", reason, message)];
  // Only an object that has something to write gets this far: the others are in sync in the mirror.
  const waiting = waitingFor(error);
  if (waiting) {
    const [why, words] = waiting;
    return [...resolved, unknown("Programmed", why, words), unknown("Ready", why, words), reconciling(why, words)];
  }
  // A conflict is tried again at once, and trouble with the API server is nothing to write to it.
  if (error instanceof OperatorError) return undefined;
  return [unknown("Ready", reason, message), reconciling(reason, message)];
}

/**
 * Reason and message of an object that waits. How exactly a gateway fails stands on its KongGateway: here it would be
 * another status write for each object whenever the words change.
 */
function waitingFor(error: unknown): readonly [reason: string, message: string] | undefined {
  if (error instanceof KongUnavailableError) {
    return [
      "GatewayUnavailable",
      "The gateway cannot be reached; its KongGateway says why. The change is made when it can",
    ];
  }
  if (error instanceof GatewayAuthError) {
    return ["GatewayAuthFailed", "The gateway does not accept our credentials; its KongGateway says more"];
  }
  return error instanceof NotReadyError ? [error.reason, error.message] : undefined;
}

function programmed(fieldsNotSent: readonly string[], driftedFields: readonly string[]): ConditionDraft[] {
  const accepted =
    fieldsNotSent.length === 0
      ? yes("Accepted")
      : {
          ...yes("Accepted"),
          reason: "FieldsNotSent",
          message: cap(`The gateway does not know and was not sent: ${fieldsNotSent.join(", ")}`),
        };
  const conditions = [
    accepted,
    yes("ResolvedRefs"),
    yes("Programmed"),
    yes("Ready", "Programmed", "The object is in Kong"),
  ];
  if (driftedFields.length > 0) {
    const message = `Changed in Kong and left so (spec.drift.policy: Report): ${driftedFields.join(", ")}`;
    conditions.push({ type: "Drifted", status: "True", reason: "DriftFound", message: cap(message) });
  }
  return conditions;
}

/**
 * Kong holds what there is: a Service without endpoints is a fact like any other, told in the reason. One that the spec
 * names and that does not exist is a reference that is not resolved, though the others are followed.
 */
function withBackendProblems(conditions: ConditionDraft[], problems: readonly BackendProblem[]): ConditionDraft[] {
  const first = problems.find(({ isMissing }) => isMissing) ?? problems[0];
  if (!first) return conditions;
  const status = first.isMissing ? "False" : "True";
  const message = cap(problems.map((problem) => problem.message).join("; "));
  const told = ["ResolvedRefs", "Ready"];
  return conditions.map((condition) =>
    told.includes(condition.type) ? { type: condition.type, status, reason: first.reason, message } : condition,
  );
}

/** Most names that a message lists. */
const LISTED = 5;

function contested(against: readonly string[]): ConditionDraft[] {
  if (against.length === 0) return [];
  const more = against.length > LISTED ? ` and ${against.length - LISTED} more` : "";
  const message = `Younger bindings want the same plugin in the same place, and wait: ${against.slice(0, LISTED).join(", ")}${more}`;
  return [{ type: "Contested", status: "True", reason: "OlderWins", message: cap(message) }];
}

/** A violation of Kong's schema stays one until the spec changes; a clash of names may end by itself. */
function isForGood(error: KongRejectedError): boolean {
  return error.code === 2 && error.reason !== "Conflict";
}

function yes(type: string, reason = type, message = TRUE_MESSAGES[type] ?? ""): ConditionDraft {
  return { type, status: "True", reason, message };
}

function no(type: string, reason: string, message: string): ConditionDraft {
  return { type, status: "False", reason, message: cap(message) };
}

function unknown(type: string, reason: string, message: string): ConditionDraft {
  return { type, status: "Unknown", reason, message: cap(message) };
}

function reconciling(reason: string, message: string): ConditionDraft {
  return { type: "Reconciling", status: "True", reason, message: cap(message) };
}

function stalled(reason: string, message: string): ConditionDraft {
  return { type: "Stalled", status: "True", reason, message: cap(message) };
}

function cap(message: string): string {
  return message.length <= MESSAGE_LIMIT ? message : `${message.slice(0, MESSAGE_LIMIT - 1)}…`;
}
