import type { JenkinsBuildSpec } from "../../api/v1alpha1/jenkins-build.ts";
import { JenkinsRejectedError, RefNotFoundError } from "../../errors.ts";
import { parameterMark, type JobAnswer } from "../../jenkins/answers.ts";
import type { BuildClue } from "../../jenkins/build-search.ts";
import type { BuildRequest } from "../../jenkins/jenkins-client.ts";
import { fullJobName, jobPath } from "../../jenkins/job-path.ts";

/** How one build is asked for, and what it can be known by afterwards. */
export interface Submission {
  readonly request: BuildRequest;
  /** The job carries the build's id as a parameter. */
  readonly isMarked: boolean;
}

type SecretData = (name: string) => Readonly<Record<string, string>> | undefined;

/** Of these types a parameter takes any text. */
const TEXT_PARAMETER = /StringParameterDefinition$|^TextParameterDefinition$/;

/**
 * What is sent to Jenkins for a build: by the job's own parameters.
 * @throws JenkinsRejectedError where the job cannot be built like that, naming what to do.
 * @throws RefNotFoundError where the remote-trigger token is not there.
 */
export function submissionOf(
  spec: JenkinsBuildSpec,
  buildId: string,
  job: JobAnswer,
  secretData: SecretData,
): Submission {
  const name = fullJobName(spec.job, spec.branch);
  const refuse = (reason: string, why: string): never => {
    throw new JenkinsRejectedError(reason, `spec.job: ${name} ${why}`, 200);
  };
  if (job.isFolder) refuse("NotAJob", "is a folder or a multibranch project: name a job in it, or set spec.branch");
  if (!job.isBuildable) refuse("NotBuildable", "is disabled in Jenkins");
  const declared = new Map(job.parameters.map((parameter) => [parameter.name, parameter]));
  const given = spec.parameters ?? [];
  if (given.some(({ name: parameter }) => parameter === spec.buildIdParameter))
    refuse("ReservedParameter", `gets ${spec.buildIdParameter} from the operator: take it out of spec.parameters`);
  const unknown = given.filter(({ name: parameter }) => !declared.has(parameter));
  if (unknown.length > 0) {
    const names = unknown.map(({ name: parameter }) => parameter).join(", ");
    refuse("UnknownParameter", `has no parameter ${names}, and would be built without: declare it in the job`);
  }
  for (const { name: parameter, value } of given) {
    const choices = declared.get(parameter)?.choices ?? [];
    if (choices.length > 0 && !choices.includes(value))
      refuse("IllegalChoice", `takes for ${parameter} one of ${choices.join(", ")}, not ${JSON.stringify(value)}`);
  }
  const isMarked = TEXT_PARAMETER.test(declared.get(spec.buildIdParameter)?.type ?? "");
  const remoteToken = remoteTokenOf(spec, secretData);
  const sent: [string, string][] = given.map(({ name: parameter, value }) => [parameter, value]);
  if (isMarked) sent.push([spec.buildIdParameter, buildId]);
  const cause = remoteToken === undefined ? undefined : CAUSE_PREFIX + buildId;
  return {
    request: {
      path: jobPath(spec.job, spec.branch),
      job: name,
      parameters: declared.size > 0 ? sent : undefined,
      remoteToken,
      cause,
    },
    isMarked,
  };
}

/**
 * What is sent for a job that Jenkins does not show to us, where its remote-trigger token is known.
 * @throws RefNotFoundError where the token is not there.
 */
export function blindSubmissionOf(spec: JenkinsBuildSpec, buildId: string, secretData: SecretData): BuildRequest {
  return {
    path: jobPath(spec.job, spec.branch),
    job: fullJobName(spec.job, spec.branch),
    parameters: (spec.parameters ?? []).map(({ name, value }) => [name, value]),
    remoteToken: remoteTokenOf(spec, secretData),
    cause: CAUSE_PREFIX + buildId,
    idParameter: [spec.buildIdParameter, buildId],
  };
}

/** Begins the cause of a build by a remote-trigger token. */
const CAUSE_PREFIX = "kjo ";

/** What a build can be known by that was asked for at `notBeforeMs`: the job's parameters are not known here. */
export function clueOf(
  spec: JenkinsBuildSpec,
  status: { readonly buildId?: string | undefined; readonly queueId?: number | undefined },
  notBeforeMs: number,
): BuildClue {
  const { buildIdParameter: parameter } = spec;
  const { buildId, queueId } = status;
  return {
    path: jobPath(spec.job, spec.branch),
    queueId,
    marks: buildId === undefined ? [] : [parameterMark(parameter, buildId), CAUSE_PREFIX + buildId],
    markPrefixes: [parameterMark(parameter, ""), CAUSE_PREFIX],
    notBeforeMs,
  };
}

function remoteTokenOf({ tokenSecretRef: ref }: JenkinsBuildSpec, secretData: SecretData): string | undefined {
  if (!ref) return undefined;
  const data = secretData(ref.name);
  if (!data) {
    throw new RefNotFoundError(
      "SecretNotFound",
      `spec.tokenSecretRef: Secret ${ref.name} does not exist or lacks the label that lets the operator read it: ` +
        `kubectl label secret ${ref.name} kjo.dev/secret=true`,
    );
  }
  const token = data[ref.key]?.trim();
  if (!token)
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `spec.tokenSecretRef: Secret ${ref.name} lacks the key "${ref.key}"; add it`,
    );
  return token;
}
