import {
  InvalidSpecError,
  JenkinsAuthError,
  JenkinsRejectedError,
  JenkinsUnavailableError,
  NotReadyError,
  OperatorError,
  RefNotFoundError,
  RefNotPermittedError,
} from "../errors.ts";
import type { ConditionDraft } from "./conditions.ts";

const MESSAGE_LIMIT = 1024;

/** Accepted, ResolvedRefs and Ready of an object of a delivery kind that can be used. */
export function deliveryReady(reason: string, message: string): ConditionDraft[] {
  return [...resolved(), draft("Ready", "True", reason, message)];
}

/** What stands in the way, following kstatus; undefined where the object's status is to be left as it is. */
export function deliveryFailed(error: unknown): ConditionDraft[] | undefined {
  const { reason, message } =
    error instanceof OperatorError
      ? error
      : { reason: "InternalError", message: "An error in the operator itself; its log says more" };
  if (error instanceof InvalidSpecError) {
    return [
      draft("Accepted", "False", reason, message),
      draft("Ready", "False", reason, message),
      draft("Stalled", "True", reason, message),
    ];
  }
  if (error instanceof RefNotFoundError || error instanceof RefNotPermittedError) {
    return [accepted(), draft("ResolvedRefs", "False", reason, message), draft("Ready", "False", reason, message)];
  }
  if (error instanceof JenkinsAuthError || error instanceof JenkinsRejectedError)
    return [...resolved(), draft("Ready", "False", reason, message)];
  if (error instanceof JenkinsUnavailableError || error instanceof NotReadyError)
    return [...resolved(), draft("Ready", "Unknown", reason, message), draft("Reconciling", "True", reason, message)];
  if (error instanceof OperatorError) return undefined;
  return [draft("Ready", "Unknown", reason, message), draft("Reconciling", "True", reason, message)];
}

function resolved(): ConditionDraft[] {
  return [accepted(), draft("ResolvedRefs", "True", "ResolvedRefs", "Everything that the spec refers to is there")];
}

function accepted(): ConditionDraft {
  return draft("Accepted", "True", "Accepted", "The spec is valid");
}

function draft(type: string, status: ConditionDraft["status"], reason: string, message: string): ConditionDraft {
  return { type, status, reason, message: message.slice(0, MESSAGE_LIMIT) };
}
