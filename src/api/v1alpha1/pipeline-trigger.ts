import { z } from "zod";
import { integer } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { baseStatusFields } from "../status.ts";
import { buildFields } from "./build-fields.ts";
import { BUILD_PHASES } from "./jenkins-build.ts";
import { PipelineAction } from "./pipeline-action.ts";
import { PipelineSource } from "./pipeline-source.ts";

const Retry = z.strictObject({
  submissions: integer(0, 20)
    .default(5)
    .describe("How often a build is asked for again that Jenkins certainly did not take."),
  builds: integer(0, 10).default(0).describe("How often a build is started again that failed."),
});

/** What starts builds of a Jenkins job, and what is done with their results. */
export const PipelineTriggerSpec = z
  .strictObject({
    ...buildFields,
    source: PipelineSource.describe("What starts a build."),
    suspend: z
      .boolean()
      .default(false)
      .describe("True starts no builds; a change of an image meanwhile starts one when the trigger goes on."),
    debounceSeconds: integer(0, 3600)
      .default(0)
      .describe("How long a change must have stood before it starts a build; a newer one takes its place."),
    concurrencyPolicy: z
      .enum(["Allow", "Forbid", "Replace", "Queue"])
      .default("Allow")
      .describe(
        "What becomes of a build while another one of the trigger has not ended: Allow starts it too, Forbid drops it, Replace cancels the other one, Queue waits for its end.",
      ),
    retry: Retry.prefault({}).describe("What is tried again."),
    successfulBuildsHistoryLimit: integer(0, 100)
      .default(3)
      .describe("How many JenkinsBuilds that succeeded are kept."),
    failedBuildsHistoryLimit: integer(0, 100).default(3).describe("How many other finished JenkinsBuilds are kept."),
    healthPolicy: z
      .enum(["Config", "LastBuild"])
      .default("Config")
      .describe(
        "What Ready says: Config that the trigger can start builds, LastBuild also that the last one succeeded.",
      ),
    onSuccess: z.array(PipelineAction).max(16).optional().describe("What is done after a build that succeeded."),
    onFailure: z.array(PipelineAction).max(16).optional().describe("What is done after a build that did not."),
  })
  .describe("Which job is built, when, with what, and what happens then.");
export type PipelineTriggerSpec = z.infer<typeof PipelineTriggerSpec>;

const time = (of: string) => z.string().meta({ format: "date-time" }).optional().describe(`When ${of}.`);

export const PipelineTriggerStatus = z.strictObject({
  ...baseStatusFields,
  active: z.int().min(0).optional().describe("Builds of the trigger that have not ended."),
  lastBuild: z
    .strictObject({
      name: z.string().describe("Name of the JenkinsBuild."),
      phase: z.enum(BUILD_PHASES).optional().describe("How far it has come, or how it ended."),
      number: z.int().optional().describe("Number of the build in Jenkins."),
      finishedAt: time("it ended"),
    })
    .optional()
    .describe("The build that was started last."),
  lastTriggeredAt: time("a build was last started"),
  lastScheduleTime: time("the schedule last fired"),
  nextScheduleTime: time("the schedule fires next"),
  lastSkipped: z.string().max(1024).optional().describe("Why the last change that was looked at started no build."),
});
export type PipelineTriggerStatus = z.infer<typeof PipelineTriggerStatus>;

export const PipelineTrigger: KindDefinition<PipelineTriggerSpec, PipelineTriggerStatus> = {
  kind: "PipelineTrigger",
  plural: "pipelinetriggers",
  singular: "pipelinetrigger",
  shortNames: ["kjt"],
  categories: [CATEGORY],
  description:
    "Starts builds of a Jenkins job: on new images of Deployments, on a schedule, after other triggers, on request.",
  specSchema: PipelineTriggerSpec,
  statusSchema: PipelineTriggerStatus,
  printerColumns: [
    { name: "Job", type: "string", jsonPath: ".spec.job" },
    { name: "Last result", type: "string", jsonPath: ".status.lastBuild.phase" },
    { name: "Build", type: "integer", jsonPath: ".status.lastBuild.number" },
    { name: "Next", type: "date", jsonPath: ".status.nextScheduleTime", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
