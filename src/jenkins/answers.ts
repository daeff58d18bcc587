import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** What Jenkins' JSON says, as far as it is of use. Everything in it may be missing: plugins and versions differ. */
export interface JobAnswer {
  readonly fullName: string;
  readonly isBuildable: boolean;
  /** A folder, a multibranch project: "building" it does something else. */
  readonly isFolder: boolean;
  readonly parameters: readonly JobParameter[];
  /** For people. */
  readonly url: string | undefined;
}

export interface JobParameter {
  readonly name: string;
  /** `StringParameterDefinition`, `ChoiceParameterDefinition`, … */
  readonly type: string;
  /** Of a choice. */
  readonly choices: readonly string[];
}

export interface QueueItem {
  readonly id: number;
  readonly why: string | undefined;
  readonly isCancelled: boolean;
  readonly sinceMs: number | undefined;
  /** Number of the build that it became. */
  readonly number: number | undefined;
  readonly url: string | undefined;
  readonly task: { readonly name: string | undefined; readonly url: string | undefined };
  readonly marks: readonly string[];
}

export interface Build {
  readonly number: number;
  readonly queueId: number | undefined;
  readonly isRunning: boolean;
  readonly result: string | undefined;
  readonly startedMs: number | undefined;
  readonly durationMs: number | undefined;
  readonly url: string | undefined;
  /** Of a Pipeline: it may have stages. */
  readonly isPipeline: boolean;
  /** Parameters as `name=value`, and notes of remote causes: what a build can be known by. */
  readonly marks: readonly string[];
}

export interface Stage {
  readonly name: string;
  readonly status: string;
  readonly durationMs: number | undefined;
}

const ACTIONS = "actions[parameters[name,value],causes[note]]";
export const JOB_TREE =
  "fullName,buildable,url,property[parameterDefinitions[name,type,choices]],actions[parameterDefinitions[name,type,choices]],jobs[name]{0,1}";
export const QUEUE_TREE = `id,why,cancelled,inQueueSince,task[name,url],executable[number,url],${ACTIONS}`;
export const BUILD_TREE = `number,queueId,building,inProgress,result,timestamp,duration,url,${ACTIONS}`;

export function readJob(json: Json): JobAnswer {
  const job = objectOf(json);
  const kind = textOf(job["_class"]) ?? "";
  const definitions = [...listOf(job["property"]), ...listOf(job["actions"])].flatMap((entry) =>
    listOf(entry["parameterDefinitions"]),
  );
  const parameters = new Map<string, JobParameter>();
  for (const { name, type, choices } of definitions) {
    if (typeof name !== "string") continue;
    const texts = Array.isArray(choices) ? choices.filter((choice) => typeof choice === "string") : [];
    parameters.set(name, { name, type: textOf(type) ?? "", choices: texts });
  }
  return {
    fullName: textOf(job["fullName"]) ?? "",
    isBuildable: job["buildable"] !== false,
    isFolder: Array.isArray(job["jobs"]) || /Folder|MultiBranch/i.test(kind),
    parameters: [...parameters.values()],
    url: textOf(job["url"]),
  };
}

/** @returns undefined for what is no queue item. */
export function readQueueItem(json: Json): QueueItem | undefined {
  const item = objectOf(json);
  const id = numberOf(item["id"]);
  if (id === undefined) return undefined;
  const executable = objectOf(item["executable"] ?? null);
  const task = objectOf(item["task"] ?? null);
  return {
    id,
    why: textOf(item["why"]),
    isCancelled: item["cancelled"] === true,
    sinceMs: numberOf(item["inQueueSince"]),
    number: numberOf(executable["number"]),
    url: textOf(executable["url"]),
    task: { name: textOf(task["name"]), url: textOf(task["url"]) },
    marks: marksOf(item),
  };
}

/** @returns undefined for what is no build. */
export function readBuild(json: Json): Build | undefined {
  const build = objectOf(json);
  const number = numberOf(build["number"]);
  if (number === undefined) return undefined;
  // `building` may end before the steps after the build; newer versions tell of those by `inProgress`.
  const isRunning = build["inProgress"] === undefined ? build["building"] === true : build["inProgress"] === true;
  return {
    number,
    queueId: numberOf(build["queueId"]),
    isRunning,
    result: textOf(build["result"]),
    startedMs: numberOf(build["timestamp"]),
    durationMs: numberOf(build["duration"]),
    url: textOf(build["url"]),
    isPipeline: /WorkflowRun$/.test(textOf(build["_class"]) ?? ""),
    marks: marksOf(build),
  };
}

/** Of `wfapi/describe`, which Jenkins has with the plugin pipeline-rest-api. */
export function readStages(json: Json): Stage[] {
  return listOf(objectOf(json)["stages"]).flatMap(({ name, status, durationMillis }) =>
    typeof name === "string" ? [{ name, status: textOf(status) ?? "", durationMs: numberOf(durationMillis) }] : [],
  );
}

export function readList<T>(json: Json, field: string, read: (item: Json) => T | undefined): T[] {
  return listOf(objectOf(json)[field]).flatMap((item) => read(item) ?? []);
}

/** The mark of a parameter, as in {@link Build.marks}. */
export function parameterMark(name: string, value: string): string {
  return `${name}=${value}`;
}

function marksOf(json: JsonObject): string[] {
  return listOf(json["actions"]).flatMap((action) => [
    ...listOf(action["parameters"]).flatMap(({ name, value }) =>
      typeof name === "string" && typeof value === "string" ? [parameterMark(name, value)] : [],
    ),
    ...listOf(action["causes"]).flatMap(({ note }) => (typeof note === "string" ? [note] : [])),
  ]);
}

function objectOf(json: Json): JsonObject {
  return isJsonObject(json) ? json : {};
}

function listOf(json: Json | undefined): JsonObject[] {
  return Array.isArray(json) ? json.filter(isJsonObject) : [];
}

function textOf(json: Json | undefined): string | undefined {
  return typeof json === "string" ? json : undefined;
}

function numberOf(json: Json | undefined): number | undefined {
  return typeof json === "number" ? json : undefined;
}
