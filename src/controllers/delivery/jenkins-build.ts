import { parseSpec } from "../../api/parse.ts";
import {
  JenkinsBuild,
  type BuildPhase,
  type JenkinsBuildSpec,
  type JenkinsBuildStatus,
} from "../../api/v1alpha1/jenkins-build.ts";
import { JenkinsRejectedError, OperatorError } from "../../errors.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import { isFinal, nextBuildStep, STOPPED_LATE, type BuildStep } from "../../plan/build.ts";
import type { ReconcileResult } from "../../runtime/outcome.ts";
import { followBuild, recordAnswer, resolveAmbiguity, submitBuild, type Asking } from "./build-asking.ts";
import { clueOf } from "./build-submission.ts";
import { answerRequest, buildStatusOf, writeBuild } from "./build-status.ts";
import type { DeliveryContext } from "./context.ts";
import type { Jenkins } from "./jenkins-servers.ts";

/** As many as the status has room for. */
const MOST_STAGES = 64;
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
  if (isFinal(buildStatusOf(object).phase)) {
    await answerRequest(context, object);
    return {};
  }
  let spec: JenkinsBuildSpec;
  try {
    spec = parseSpec(JenkinsBuild, object);
    const server = {
      kind: "JenkinsServer",
      name: spec.jenkinsRef.name,
      namespace: spec.jenkinsRef.namespace ?? key.namespace,
    };
    const jenkins = context.servers.resolve(key.namespace, server);
    const result = await advance({ context, jenkins, spec, object, key });
    await answerRequest(context, context.caches.get(key));
    return result;
  } catch (error) {
    const current = context.caches.get(key) ?? object;
    if (error instanceof OperatorError) await writeBuild(context, current, { error });
    throw error;
  }
}

async function advance(asking: Asking): Promise<ReconcileResult> {
  const { context, jenkins, spec, object, key } = asking;
  const name = formatKey(key);
  const status = buildStatusOf(object);
  const nowMs = context.now().getTime();
  const step: BuildStep = nextBuildStep({
    spec,
    status,
    createdMs: Date.parse(object.metadata.creationTimestamp ?? ""),
    workingSinceMs: context.workingSinceMs,
    nowMs,
    sighting: jenkins.follower.sightingOf(name),
    requestTimeoutMs: jenkins.settings.timeoutMs + SETTLE_MS,
  });
  switch (step.do) {
    case "nothing":
      return {};
    case "submit":
      return submitBuild(asking);
    case "search": {
      const answered = await recordAnswer(asking);
      if (answered) return answered;
      return step.atMs > nowMs ? { requeueAfterMs: step.atMs - nowMs } : resolveAmbiguity(asking);
    }
    case "follow": {
      const followed = step.change ? await writeBuild(context, object, { change: step.change }) : object;
      followBuild(jenkins, spec, buildStatusOf(followed), name);
      return { requeueAfterMs: Math.max(1_000, step.atMs - nowMs), wrote: step.change !== undefined };
    }
    case "stop": {
      const stopping = step.why === "TimedOut" ? { message: STOPPED_LATE } : { message: "It is being cancelled" };
      if (status.message !== stopping.message) await writeBuild(context, object, { change: stopping });
      followBuild(jenkins, spec, status, name);
      await stop(jenkins, spec, status, name);
      return { requeueAfterMs: 5_000, wrote: true };
    }
    case "finish": {
      const stages = await stagesOf(jenkins, spec, name);
      await writeBuild(context, object, { change: { ...step.change, ...stages, phase: step.phase } });
      forget(context, key);
      tellEnd(asking, step.phase, step.change.message ?? step.phase);
      return { wrote: true };
    }
  }
}

/** Of a Pipeline; they are no reason to hold back the result. */
async function stagesOf(
  { client, follower }: Jenkins,
  spec: JenkinsBuildSpec,
  name: string,
): Promise<Pick<JenkinsBuildStatus, "stages">> {
  const sighting = follower.sightingOf(name);
  if (sighting?.state !== "built" || !sighting.build.isPipeline) return {};
  const stages = await client.stages(clueOf(spec, {}, 0).path, sighting.build.number).catch(() => []);
  return stages.length === 0 ? {} : { stages: stages.slice(0, MOST_STAGES) };
}

function tellEnd({ context, jenkins, spec, object, key }: Asking, phase: BuildPhase, message: string): void {
  context.logger.info("build ended", { key: formatKey(key), phase });
  context.metrics.ended(formatKey(jenkins.key), phase);
  const isFine = phase === "Succeeded" || (phase === "Unstable" && spec.unstable === "Success");
  context.events.record(object, { type: isFine ? "Normal" : "Warning", reason: phase, message, action: "Build" });
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
