import { parseSpec } from "../../api/parse.ts";
import { JenkinsBuild, type JenkinsBuildSpec, type JenkinsBuildStatus } from "../../api/v1alpha1/jenkins-build.ts";
import { JenkinsRejectedError, JenkinsUnavailableError, OperatorError } from "../../errors.ts";
import { searchBuild } from "../../jenkins/build-search.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import { isFinal, nextBuildStep, STOPPED_LATE, type BuildStep } from "../../plan/build.ts";
import type { ReconcileResult } from "../../runtime/outcome.ts";
import type { KongObject } from "../caches.ts";
import { clueOf, submissionOf } from "./build-submission.ts";
import { buildStatusOf, writeBuild } from "./build-status.ts";
import type { DeliveryContext } from "./context.ts";
import type { Jenkins } from "./jenkins-servers.ts";

/** Jenkins may put a request off by so much after it has come: a search that comes sooner proves nothing. */
const SETTLE_MS = 2_000;

/**
 * One reconcile of a JenkinsBuild: its next step by what is written down and what Jenkins shows.
 *
 * Guarantee: what has been written down comes before what is done, each time with the object's resourceVersion, so that
 * nothing is asked of Jenkins twice by a reader of an old status.
 * @throws OperatorError whose policy decides when it is tried again; the status has been told by then.
 */
export async function reconcileJenkinsBuild(context: DeliveryContext, key: ObjectKey): Promise<ReconcileResult> {
  const object = context.caches.get(key);
  if (!object || object.metadata.deletionTimestamp !== undefined) {
    forget(context, key);
    return {};
  }
  if (isFinal(buildStatusOf(object).phase)) return {};
  let spec: JenkinsBuildSpec;
  try {
    spec = parseSpec(JenkinsBuild, object);
    const server = {
      kind: "JenkinsServer",
      name: spec.jenkinsRef.name,
      namespace: spec.jenkinsRef.namespace ?? key.namespace,
    };
    const jenkins = context.servers.resolve(key.namespace, server);
    return await advance(context, jenkins, spec, object, key);
  } catch (error) {
    const current = context.caches.get(key) ?? object;
    if (error instanceof OperatorError) await writeBuild(context, current, { error });
    throw error;
  }
}

async function advance(
  context: DeliveryContext,
  jenkins: Jenkins,
  spec: JenkinsBuildSpec,
  object: KongObject,
  key: ObjectKey,
): Promise<ReconcileResult> {
  const name = formatKey(key);
  const status = buildStatusOf(object);
  const nowMs = context.now().getTime();
  const step: BuildStep = nextBuildStep({
    spec,
    status,
    createdMs: Date.parse(object.metadata.creationTimestamp ?? ""),
    nowMs,
    sighting: jenkins.follower.sightingOf(name),
    requestTimeoutMs: jenkins.settings.timeoutMs + SETTLE_MS,
  });
  switch (step.do) {
    case "nothing":
      return {};
    case "submit":
      return submit(context, jenkins, spec, object, key);
    case "search":
      return step.atMs > nowMs
        ? { requeueAfterMs: step.atMs - nowMs }
        : resolveAmbiguity(context, jenkins, spec, object, key);
    case "follow": {
      const followed = step.change ? await writeBuild(context, object, { change: step.change }) : object;
      follow(jenkins, spec, buildStatusOf(followed), name);
      return { requeueAfterMs: Math.max(1_000, step.atMs - nowMs), wrote: step.change !== undefined };
    }
    case "stop": {
      const stopping = step.why === "TimedOut" ? { message: STOPPED_LATE } : { message: "It is being cancelled" };
      if (status.message !== stopping.message) await writeBuild(context, object, { change: stopping });
      follow(jenkins, spec, status, name);
      await stop(jenkins, spec, status, name);
      return { requeueAfterMs: 5_000, wrote: true };
    }
    case "finish": {
      await writeBuild(context, object, { change: { ...step.change, phase: step.phase } });
      forget(context, key);
      context.logger.info("build ended", { key: name, phase: step.phase });
      return { wrote: true };
    }
  }
}

async function submit(
  context: DeliveryContext,
  jenkins: Jenkins,
  spec: JenkinsBuildSpec,
  object: KongObject,
  key: ObjectKey,
): Promise<ReconcileResult> {
  const status = buildStatusOf(object);
  const buildId = status.buildId ?? object.metadata.uid;
  const path = clueOf(spec, {}, 0).path;
  const job = await jenkins.client.job(path, spec.job);
  const { request } = submissionOf(spec, buildId, job, (name) => context.caches.secretData(key.namespace, name));
  const attempt = (status.attempt ?? 0) + 1;
  const intent = { phase: "Submitting", attempt, buildId, submittedAt: context.now().toISOString() } as const;
  const written = await writeBuild(context, object, { change: intent });
  context.assertLeading();
  try {
    const { queueId, isCoalesced } = await jenkins.client.start(request);
    const message = isCoalesced ? "Jenkins had the same build in its queue already" : "In Jenkins' queue";
    const taken: Partial<JenkinsBuildStatus> = {
      phase: "Queued",
      message,
      queuedAt: context.now().toISOString(),
      ...(queueId === undefined ? {} : { queueId }),
      ...(jenkins.client.run === undefined ? {} : { session: jenkins.client.run }),
    };
    const queued = await writeBuild(context, written, { change: taken });
    follow(jenkins, spec, buildStatusOf(queued), formatKey(key));
    return { requeueAfterMs: spec.timeouts.queueSeconds * 1000, wrote: true };
  } catch (error) {
    const mayHaveHappened = error instanceof JenkinsUnavailableError ? error.mayHaveHappened : !isRefusal(error);
    // What certainly did not happen is a plain wish again.
    if (!mayHaveHappened)
      await writeBuild(context, context.caches.get(key) ?? written, { change: { phase: "Pending" } });
    throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof OperatorError && !(error instanceof JenkinsUnavailableError);
}

/** Whether Jenkins took the build is not known: it is looked for, and only then decided. */
async function resolveAmbiguity(
  context: DeliveryContext,
  jenkins: Jenkins,
  spec: JenkinsBuildSpec,
  object: KongObject,
  key: ObjectKey,
): Promise<ReconcileResult> {
  const status = buildStatusOf(object);
  const clue = clueOf(spec, status, Date.parse(status.submittedAt ?? ""));
  const { item, build } = await searchBuild(jenkins.client, clue);
  if (item || build) {
    const message = "Found in Jenkins, which had not answered";
    const change: Partial<JenkinsBuildStatus> = {
      phase: "Queued",
      message,
      queuedAt: status.submittedAt,
      ...(item ? { queueId: item.id } : {}),
      ...(build ? { number: build.number } : {}),
    };
    const found = await writeBuild(context, object, { change });
    follow(jenkins, spec, buildStatusOf(found), formatKey(key));
    return { requeueAfterMs: 1_000, wrote: true };
  }
  const job = await jenkins.client.job(clue.path, spec.job);
  const { mark } = submissionOf(spec, status.buildId ?? "", job, (name) =>
    context.caches.secretData(key.namespace, name),
  );
  if (mark !== undefined || spec.onAmbiguous === "Resubmit") {
    jenkins.follower.forget(formatKey(key));
    await writeBuild(context, object, {
      change: { phase: "Pending", queueId: undefined, message: "Jenkins does not have it; it is asked again" },
    });
    return { requeueAfterMs: 1, wrote: true };
  }
  const message =
    `Jenkins did not answer, and whether it took the build cannot be told: the job declares no parameter ` +
    `${spec.buildIdParameter}. Declare it, or set onAmbiguous: Resubmit`;
  await writeBuild(context, object, { change: { phase: "Lost", message } });
  return { wrote: true };
}

function follow(jenkins: Jenkins, spec: JenkinsBuildSpec, status: JenkinsBuildStatus, name: string): void {
  const clue = clueOf(spec, status, Date.parse(status.submittedAt ?? ""));
  jenkins.follower.follow(name, { ...clue, number: status.number });
}

async function stop(jenkins: Jenkins, spec: JenkinsBuildSpec, status: JenkinsBuildStatus, name: string): Promise<void> {
  const sighting = jenkins.follower.sightingOf(name);
  const path = clueOf(spec, status, 0).path;
  const number = sighting?.state === "built" ? sighting.build.number : status.number;
  if (number !== undefined) return jenkins.client.stop(path, number);
  const queueId = sighting?.state === "queued" ? sighting.item.id : status.queueId;
  if (queueId === undefined)
    throw new JenkinsRejectedError("NotFound", "the build is not in Jenkins' queue any more", 404);
  await jenkins.client.cancelItem(queueId);
}

function forget(context: DeliveryContext, key: ObjectKey): void {
  for (const jenkins of context.servers.all()) jenkins.follower.forget(formatKey(key));
}
