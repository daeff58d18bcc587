import type { JenkinsBuildSpec, JenkinsBuildStatus } from "../../api/v1alpha1/jenkins-build.ts";
import { JenkinsAuthError, JenkinsRejectedError, JenkinsUnavailableError, OperatorError } from "../../errors.ts";
import { searchBuild, type Found } from "../../jenkins/build-search.ts";
import type { BuildRequest, Taken } from "../../jenkins/jenkins-client.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import { afterFruitlessSearch } from "../../plan/build.ts";
import { sleep } from "../../runtime/backoff.ts";
import type { ReconcileResult } from "../../runtime/outcome.ts";
import type { KongObject } from "../caches.ts";
import { blindSubmissionOf, clueOf, submissionOf } from "./build-submission.ts";
import { buildStatusOf, isInAttempt, writeBuild } from "./build-status.ts";
import type { DeliveryContext } from "./context.ts";
import type { Jenkins } from "./jenkins-servers.ts";

/** A build and the Jenkins that it is asked of. */
export interface Asking {
  readonly context: DeliveryContext;
  readonly jenkins: Jenkins;
  readonly spec: JenkinsBuildSpec;
  readonly object: KongObject;
  readonly key: ObjectKey;
}

/** Between two looks at Jenkins without a build: for a moment it is neither an item of the queue nor a build yet. */
const SECOND_LOOK_MS = 1_000;

/**
 * Asks Jenkins for the build, once: the intent is written down first, the answer afterwards.
 * @throws OperatorError; the status says by then whether Jenkins may have taken it.
 */
export async function submitBuild(asking: Asking): Promise<ReconcileResult> {
  const { context, object, key } = asking;
  const status = buildStatusOf(object);
  const buildId = status.buildId ?? object.metadata.uid;
  const start = await prepare(asking, buildId);
  const attempt = (status.attempt ?? 0) + 1;
  const intent: Partial<JenkinsBuildStatus> = {
    phase: "Submitting",
    message: "Jenkins is asked for the build",
    attempt,
    buildId,
    queueId: undefined,
    submittedAt: context.now().toISOString(),
  };
  const written = await writeBuild(context, object, { change: intent });
  let sentAt: string | undefined;
  try {
    const change = await start(() => {
      context.assertLeading();
      sentAt = context.now().toISOString();
    });
    context.taken.set(takenKey(written), change);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const current = context.caches.get(key) ?? written;
    const isOpen = sentAt !== undefined && error instanceof JenkinsUnavailableError && error.mayHaveHappened;
    // What certainly did not happen is a plain wish again.
    const after = isOpen ? { submittedAt: sentAt } : { phase: "Pending" as const };
    if (isInAttempt(current, written)) await writeBuild(context, current, { change: after, error });
    throw error;
  }
  return (await recordAnswer({ ...asking, object: written })) ?? {};
}

/** Writes down what Jenkins has answered; undefined where no answer is known. */
export async function recordAnswer({
  context,
  jenkins,
  spec,
  object,
  key,
}: Asking): Promise<ReconcileResult | undefined> {
  const change = context.taken.get(takenKey(object));
  if (!change) return undefined;
  const recorded = await writeBuild(context, object, { change });
  context.taken.delete(takenKey(object));
  context.logger.info("build submitted", { key: formatKey(key), queueId: change.queueId });
  if (change.phase === "Submitted") {
    context.metrics.ended(formatKey(jenkins.key), "Submitted");
    return { wrote: true };
  }
  followBuild(jenkins, spec, buildStatusOf(recorded), formatKey(key));
  return { requeueAfterMs: spec.timeouts.queueSeconds * 1000, wrote: true };
}

/** Whether Jenkins took the build is not known: it is looked for, and only then decided. */
export async function resolveAmbiguity(asking: Asking): Promise<ReconcileResult> {
  const { context, jenkins, spec, object, key } = asking;
  const status = buildStatusOf(object);
  const server = formatKey(jenkins.key);
  const { item, build, hasOthers, isMarked } = await look(asking);
  jenkins.follower.forget(formatKey(key));
  if (item || build) {
    context.metrics.ambiguous(server, "found");
    const change: Partial<JenkinsBuildStatus> = {
      phase: "Queued",
      message: "Found in Jenkins, which had not answered",
      queuedAt: status.queuedAt ?? status.submittedAt,
      ...(item ? { queueId: item.id } : {}),
      ...(build ? { number: build.number } : {}),
      ...runOf(jenkins),
    };
    const found = await writeBuild(context, object, { change });
    followBuild(jenkins, spec, buildStatusOf(found), formatKey(key));
    return { requeueAfterMs: 1_000, wrote: true };
  }
  const verdict = afterFruitlessSearch({ spec, status, isMarked, hasOthers, run: jenkins.client.run });
  context.metrics.ambiguous(server, verdict.do === "finish" ? "given up" : "asked again");
  if (verdict.do === "finish") {
    await writeBuild(context, object, { change: { phase: verdict.phase, message: verdict.message } });
    context.metrics.ended(server, verdict.phase);
    return { wrote: true };
  }
  const message = "Jenkins does not have it; it is asked again";
  const lostAt = context.now().toISOString();
  await writeBuild(context, object, { change: { phase: "Pending", queueId: undefined, lostAt, message } });
  return { requeueAfterMs: 1, wrote: true };
}

export function followBuild(jenkins: Jenkins, spec: JenkinsBuildSpec, status: JenkinsBuildStatus, name: string): void {
  const clue = clueOf(spec, status, Date.parse(status.submittedAt ?? ""));
  jenkins.follower.follow(name, { ...clue, number: status.number });
}

/** @returns what sends the request, and says what has become of the build. */
async function prepare(
  { context, jenkins, spec, key }: Asking,
  buildId: string,
): Promise<(beforeSend: () => void) => Promise<Partial<JenkinsBuildStatus>>> {
  const secretData = (name: string) => context.caches.secretData(key.namespace, name);
  const { client } = jenkins;
  try {
    const job = await client.job(clueOf(spec, {}, 0).path, spec.job);
    const { request } = submissionOf(spec, buildId, job, secretData);
    return async (beforeSend) => queued(context, jenkins, await client.start(request, beforeSend));
  } catch (error) {
    if (!isHidden(jenkins, spec, error)) throw error;
    const request: BuildRequest = blindSubmissionOf(spec, buildId, secretData);
    return async (beforeSend) => submitted(context, await client.startByToken(request, beforeSend));
  }
}

function queued(
  context: DeliveryContext,
  jenkins: Jenkins,
  { queueId, isCoalesced }: Taken,
): Partial<JenkinsBuildStatus> {
  return {
    phase: "Queued",
    message: isCoalesced ? "Jenkins had the same build in its queue already" : "In Jenkins' queue",
    queuedAt: context.now().toISOString(),
    ...(queueId === undefined ? {} : { queueId }),
    ...runOf(jenkins),
  };
}

function submitted(context: DeliveryContext, { queueId }: Taken): Partial<JenkinsBuildStatus> {
  return {
    phase: "Submitted",
    message: "Jenkins took it; without credentials nothing is learnt of the build",
    queuedAt: context.now().toISOString(),
    ...(queueId === undefined ? {} : { queueId }),
  };
}

/** True where Jenkins hides the job from anonymous, and a remote-trigger token may start it all the same. */
function isHidden(jenkins: Jenkins, spec: JenkinsBuildSpec, error: unknown): boolean {
  if (jenkins.settings.identity.kind !== "anonymous" || !spec.tokenSecretRef) return false;
  return error instanceof JenkinsAuthError || (error instanceof JenkinsRejectedError && error.status === 404);
}

/** Looks twice before it says that the build is not there. */
async function look({ context, jenkins, spec, object, key }: Asking): Promise<Found & { readonly isMarked: boolean }> {
  const status = buildStatusOf(object);
  const clue = clueOf(spec, status, Date.parse(status.submittedAt ?? ""));
  try {
    // A job that cannot be seen has no builds to be seen either: that proves nothing.
    const job = await jenkins.client.job(clue.path, spec.job);
    const first = await searchBuild(jenkins.client, clue);
    if (first.item || first.build) return { ...first, isMarked: false };
    await sleep(SECOND_LOOK_MS);
    const { isMarked } = submissionOf(spec, status.buildId ?? "", job, (name) =>
      context.caches.secretData(key.namespace, name),
    );
    return { ...(await searchBuild(jenkins.client, clue)), isMarked };
  } catch (error) {
    if (!isHidden(jenkins, spec, error)) throw error;
    return { isMarked: false, hasOthers: true };
  }
}

function runOf({ client }: Jenkins): Partial<JenkinsBuildStatus> {
  return client.run === undefined ? {} : { session: client.run };
}

function takenKey(object: KongObject): string {
  return `${object.metadata.uid}/${buildStatusOf(object).attempt}`;
}
