import { z } from "zod";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, readyColumns } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { withTransitionRules } from "../rules.ts";
import { baseStatusFields } from "../status.ts";
import { buildFields } from "./build-fields.ts";

export const BUILD_PHASES = [
  "Pending",
  "Submitting",
  "Submitted",
  "Queued",
  "Running",
  "Succeeded",
  "Unstable",
  "Failed",
  "Aborted",
  "NotBuilt",
  "Lost",
  "TimedOut",
] as const;
export type BuildPhase = (typeof BUILD_PHASES)[number];

const fields = z.strictObject({
  ...buildFields,
  reason: z.string().max(1024).optional().describe("Why the build was started, for people."),
  cancel: z
    .boolean()
    .optional()
    .describe("True cancels the build: it is taken out of the queue or stopped. Cannot be taken back."),
});

/** A build that has been asked for does not change: another wish is another JenkinsBuild. */
const WISH = "jenkinsRef job branch tokenSecretRef parameters buildIdParameter".split(" ");

export const JenkinsBuildSpec = withTransitionRules(fields, [
  ...WISH.map((name) => ({
    cel: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
    message: `${name} cannot be changed: create another JenkinsBuild`,
    at: name,
  })),
  {
    cel: "!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel)",
    message: "cancel cannot be taken back: create another JenkinsBuild",
    at: "cancel",
  },
]).describe("Which job is to be built, with what.");
export type JenkinsBuildSpec = z.infer<typeof JenkinsBuildSpec>;

const time = (of: string) => z.string().meta({ format: "date-time" }).optional().describe(`When ${of}.`);

const Stage = z.strictObject({
  name: z.string().max(256).describe("Name of the stage."),
  status: z.string().max(64).describe("What Jenkins says of it: IN_PROGRESS, SUCCESS, FAILED, …"),
  durationMs: z.int().optional().describe("How long it took, in milliseconds."),
});

export const JenkinsBuildStatus = z.strictObject({
  ...baseStatusFields,
  phase: z.enum(BUILD_PHASES).optional().describe("How far the build has come, or how it ended."),
  message: z.string().max(4096).optional().describe("Why, in words: what the queue waits for, what went wrong."),
  result: z
    .string()
    .max(64)
    .optional()
    .describe("Jenkins' own result: SUCCESS, UNSTABLE, FAILURE, NOT_BUILT, ABORTED."),
  attempt: z.int().min(0).optional().describe("How often Jenkins has been asked for the build."),
  queueId: z.int().optional().describe("Number of the item in Jenkins' queue."),
  number: z.int().optional().describe("Number of the build."),
  url: z.string().max(4096).optional().describe("Where people find the build, as Jenkins says; never fetched."),
  session: z
    .string()
    .max(64)
    .optional()
    .describe("The run of Jenkins that took the build; another one may count its queue anew."),
  buildId: z
    .string()
    .max(64)
    .optional()
    .describe("The build's id, sent as the parameter buildIdParameter where the job has it."),
  stages: z.array(Stage).max(64).optional().describe("Stages of a Pipeline that has ended, where Jenkins tells them."),
  submittedAt: time("Jenkins was asked"),
  queuedAt: time("Jenkins took it"),
  startedAt: time("it began to run"),
  finishedAt: time("it ended"),
  lostAt: time("Jenkins was last found without it, so that it is asked for again"),
});
export type JenkinsBuildStatus = z.infer<typeof JenkinsBuildStatus>;

export const JenkinsBuild: KindDefinition<JenkinsBuildSpec, JenkinsBuildStatus> = {
  kind: "JenkinsBuild",
  plural: "jenkinsbuilds",
  singular: "jenkinsbuild",
  shortNames: ["kjb"],
  categories: [CATEGORY],
  description: "One build of a Jenkins job, from the wish to its result. It cannot be changed, only cancelled.",
  specSchema: JenkinsBuildSpec,
  statusSchema: JenkinsBuildStatus,
  printerColumns: [
    { name: "Job", type: "string", jsonPath: ".spec.job" },
    { name: "Build", type: "integer", jsonPath: ".status.number" },
    { name: "Url", type: "string", jsonPath: ".status.url", priority: 1 },
    MESSAGE_COLUMN,
    ...readyColumns("True when the build has succeeded; the reason is its phase"),
  ],
};
