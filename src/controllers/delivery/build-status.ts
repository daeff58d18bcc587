import type { JenkinsBuildStatus } from "../../api/v1alpha1/jenkins-build.ts";
import type { OperatorError } from "../../errors.ts";
import { writeStatus } from "../../kube/status.ts";
import { isFinal } from "../../plan/build.ts";
import type { ConditionDraft } from "../../report/conditions.ts";
import { deliveryFailed, deliveryReady } from "../../report/delivery-conditions.ts";
import { reconcileRequest } from "../../report/object-status.ts";
import { mergeConditions } from "../../report/merge-conditions.ts";
import { typeOf, type KongObject } from "../caches.ts";
import type { DeliveryContext } from "./context.ts";

export function buildStatusOf(object: KongObject): JenkinsBuildStatus {
  return (object.status ?? {}) as unknown as JenkinsBuildStatus;
}

/**
 * Writes what has become of a build, at once and only onto the very version that was read: a decision made of an old
 * status must not overwrite a newer one.
 * @returns the object as it is now.
 * @throws ConflictError where it has changed.
 */
export async function writeBuild(
  context: DeliveryContext,
  object: KongObject,
  { change = {}, error }: { readonly change?: Partial<JenkinsBuildStatus>; readonly error?: OperatorError },
): Promise<KongObject> {
  const status: JenkinsBuildStatus = { ...buildStatusOf(object), ...change };
  const { generation, annotations } = object.metadata;
  const request = reconcileRequest(annotations);
  const drafts = error ? deliveryFailed(error) : conditionsOf(status, object.spec["unstable"] === "Success");
  if (!drafts) return object;
  const next = {
    ...status,
    phase: status.phase ?? "Pending",
    ...(error ? { message: error.message } : {}),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(request === undefined ? {} : { lastHandledReconcileAt: request }),
    ...(isFinal(status.phase) ? { finishedAt: status.finishedAt ?? context.now().toISOString() } : {}),
    conditions: mergeConditions(error ? object.status?.conditions : [], drafts, generation),
  };
  const options = { now: context.now(), withResourceVersion: true };
  const written = await writeStatus<KongObject>(context.client, typeOf(object.kind), object, next, options);
  if (written) context.caches.noteWritten(written);
  return written ?? object;
}

/** Answers somebody who has asked for a look, where no other write has done so. */
export async function answerRequest(context: DeliveryContext, object: KongObject | undefined): Promise<void> {
  const request = reconcileRequest(object?.metadata.annotations);
  if (!object || request === undefined || buildStatusOf(object).lastHandledReconcileAt === request) return;
  await writeBuild(context, object, {});
}

/** True where the object is still in the attempt that `asked` began, whatever else has changed. */
export function isInAttempt(object: KongObject | undefined, asked: KongObject): boolean {
  if (!object || object.metadata.uid !== asked.metadata.uid) return false;
  const { phase, attempt } = buildStatusOf(object);
  return phase === "Submitting" && attempt === buildStatusOf(asked).attempt;
}

/** Ready when the build has succeeded; following kstatus, so that `kubectl wait` and pipelines understand it. */
function conditionsOf(
  { phase = "Pending", message = phase }: JenkinsBuildStatus,
  isUnstableFine: boolean,
): ConditionDraft[] {
  const [accepted, resolved] = deliveryReady(phase, message);
  const draft = (type: string, status: ConditionDraft["status"]): ConditionDraft => ({
    type,
    status,
    reason: phase,
    message,
  });
  const usable = [accepted, resolved].flatMap((each) => each ?? []);
  const isFine = phase === "Succeeded" || phase === "Submitted" || (phase === "Unstable" && isUnstableFine);
  if (isFine) return [...usable, draft("Ready", "True")];
  if (isFinal(phase)) return [...usable, draft("Ready", "False"), draft("Stalled", "True")];
  return [...usable, draft("Ready", "Unknown"), draft("Reconciling", "True")];
}
