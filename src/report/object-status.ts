import { ANNOTATION_RECONCILE, ANNOTATION_RECONCILE_FLUX } from "../api/names.ts";
import type { Condition } from "../api/meta.ts";
import type { ConditionDraft } from "./conditions.ts";

/** What the status of every gateway kind but KongGateway holds. */
export interface KongObjectStatus {
  readonly observedGeneration?: number;
  readonly lastHandledReconcileAt?: string;
  /** Where the object lives in Kong: clean-up goes there, also when the reference has changed since. */
  readonly gateway?: { readonly namespace: string; readonly name: string; readonly instance: string };
  readonly conditions?: readonly Condition[];
}

/** A status as it is to be written; the writer adds the times. null removes a field. */
export type StatusDraft = Readonly<Record<string, unknown>> & { readonly conditions: readonly ConditionDraft[] };

/** Programmed at the generation that the object has now. */
export function isProgrammed(object: {
  readonly metadata: { readonly generation?: number };
  readonly status?: KongObjectStatus;
}): boolean {
  const programmed = object.status?.conditions?.find(({ type }) => type === "Programmed");
  return programmed?.status === "True" && programmed.observedGeneration === object.metadata.generation;
}

/** Somebody has asked for a look at Kong itself, and has not been answered. */
export function hasUnansweredRequest(object: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly lastHandledReconcileAt?: string };
}): boolean {
  const request = reconcileRequest(object.metadata.annotations);
  return request !== undefined && request !== object.status?.lastHandledReconcileAt;
}

/** The token of a person's or Flux's request to reconcile now, to be answered in `status.lastHandledReconcileAt`. */
export function reconcileRequest(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.[ANNOTATION_RECONCILE] ?? annotations?.[ANNOTATION_RECONCILE_FLUX];
}
