import { json, page, redirect, type Answer } from "./answer.ts";
import type { Build, BuildEngine, Cause, Job } from "./build-engine.ts";
import type { Caller } from "./users.ts";
import type { Views } from "./views.ts";

/** A request as Jenkins sees it: query and form are one. */
export interface JenkinsRequest {
  readonly method: string;
  readonly fields: URLSearchParams;
  /** True where the body holds fields. */
  readonly hasForm: boolean;
  readonly remoteAddr: string;
  readonly caller: Caller;
  /** Before every path: `http://127.0.0.1:8080/jenkins/`. */
  readonly rootUrl: string;
}

interface Parts {
  readonly engine: BuildEngine;
  readonly views: Views;
}

/** What is asked of one job; `verb` is the rest of the path: `build`, `api/json`, `3/stop`. */
export function answerJob(
  parts: Parts,
  job: Job,
  children: readonly Job[],
  verb: string,
  request: JenkinsRequest,
): Answer {
  const { views, engine } = parts;
  if (verb === "api/json") return json(views.job(job, children));
  if (verb === "build" || verb === "buildWithParameters") return start(parts, job, verb, request);
  if (verb === "disable" || verb === "enable" || verb === "doDelete") return change(parts, job, verb, request);
  const [, name = "", rest = ""] = /^([^/]+)\/(.*)$/.exec(verb) ?? [];
  const build = findBuild(engine, job, name);
  return build ? answerBuild(parts, build, rest, request) : page(404, "Not Found");
}

function answerBuild({ engine, views }: Parts, build: Build, verb: string, { method, caller }: JenkinsRequest): Answer {
  switch (verb) {
    case "api/json":
      return json(views.build(build));
    case "wfapi/describe":
      return build.job.config.kind === "WorkflowJob" ? json(views.stages(build)) : page(404, "Not Found");
    case "stop":
      if (method !== "POST") return page(405, "Form post required", { allow: "POST" });
      if (!caller.permissions.has("Item/Cancel")) return lacks(caller, "hudson.model.Item.Cancel");
      engine.stop(build, caller.name);
      return redirect(302, `/job/${encodeURIComponent(build.job.fullName)}/${build.number}/`);
    case "buildNumber":
      return { status: 200, headers: { "content-type": "text/plain" }, body: String(build.number) };
    case "consoleText":
      return { status: 200, headers: { "content-type": "text/plain" }, body: `Finished: ${build.result}\n` };
    default:
      return page(404, "Not Found");
  }
}

const PERMALINKS: Readonly<Record<string, (build: Build, isDone: boolean) => boolean>> = {
  lastBuild: () => true,
  lastCompletedBuild: (_build, isDone) => isDone,
  lastSuccessfulBuild: ({ result }, isDone) => isDone && ["SUCCESS", "UNSTABLE"].includes(result),
  lastFailedBuild: ({ result }, isDone) => isDone && result === "FAILURE",
};

function findBuild(engine: BuildEngine, { builds }: Job, name: string): Build | undefined {
  const permalink = PERMALINKS[name];
  if (permalink) return builds.find((build) => permalink(build, engine.isDone(build)));
  return builds.find(({ number }) => String(number) === name);
}

function start({ engine, views }: Parts, job: Job, verb: string, request: JenkinsRequest): Answer {
  const { method, fields, caller } = request;
  const { remoteToken, parameters: declared, disabled } = job.config;
  const isParameterized = declared.length > 0;
  const token = fields.get("token");
  const hasToken = remoteToken !== undefined && token === remoteToken;
  if (method === "GET" && verb === "build" && isParameterized) return page(405, "");
  if (method === "GET" && !(token !== null && remoteToken !== undefined))
    return caller.permissions.has("Item/Build")
      ? page(405, "Form post required", { allow: "POST" })
      : lacks(caller, "hudson.model.Item.Build");
  if (remoteToken !== undefined && token !== null && !hasToken) return page(403, "Invalid token provided.");
  if (!hasToken && !caller.permissions.has("Item/Build")) return lacks(caller, "hudson.model.Item.Build");
  if (disabled) return page(409, `${job.fullName} is not buildable`);
  const delayMs = delayOf(fields.get("delay"), job.config.quietPeriodMs);
  if (delayMs === undefined) return page(500, "IllegalArgumentException: delay");
  const addr = request.remoteAddr;
  const cause = hasToken ? { remote: { addr, note: fields.get("cause") ?? "" } } : { user: caller.name };
  if (verb === "build" && isParameterized) return byForm({ engine, views }, job, request, cause);
  if (verb === "buildWithParameters" && !isParameterized)
    return page(500, "java.lang.IllegalStateException: This build is not parameterized!");
  const parameters: [string, string, string][] = [];
  for (const { name, type, defaultValue, choices } of verb === "build" ? [] : declared) {
    const value = fields.get(name) ?? defaultValue;
    if (choices.length > 0 && !choices.includes(value))
      return page(500, `IllegalArgumentException: Illegal choice for parameter ${name}: ${value}`);
    parameters.push([name, type.startsWith("Boolean") ? String(value.toLowerCase() === "true") : value, type]);
  }
  const { item, isNew } = engine.schedule(job, parameters, cause, delayMs);
  return redirect(isNew || verb === "build" ? 201 : 303, `${request.rootUrl}queue/item/${item.id}/`);
}

/** `build` of a job with parameters wants the form of its page, as JSON in a field. */
function byForm({ engine, views }: Parts, job: Job, { fields, hasForm }: JenkinsRequest, cause: Cause): Answer {
  const form = fields.get("json");
  if (form === null) {
    const isEmpty = !hasForm && [...fields].length === 0;
    return page(400, isEmpty ? "Nothing is submitted" : "This page expects a form submission");
  }
  const given = (JSON.parse(form) as { parameter?: { name: string; value: unknown }[] }).parameter ?? [];
  const parameters: [string, string, string][] = [];
  for (const { name, value } of given) {
    const definition = job.config.parameters.find((each) => each.name === name);
    if (!definition) return page(500, `IllegalArgumentException: No such parameter definition: ${name}`);
    parameters.push([name, String(value), definition.type]);
  }
  engine.schedule(job, parameters, cause, job.config.quietPeriodMs);
  return redirect(201, views.jobUrl(job));
}

function change({ engine, views }: Parts, job: Job, verb: string, { method, caller }: JenkinsRequest): Answer {
  if (method !== "POST") return page(405, "Form post required", { allow: "POST" });
  if (!caller.permissions.has("Admin")) return lacks(caller, "hudson.model.Item.Configure");
  if (verb === "doDelete") engine.jobs.delete(job.fullName);
  else job.config = { ...job.config, disabled: verb === "disable" };
  return redirect(302, new URL(views.jobUrl(job)).pathname);
}

/** `5sec`, `5secs`, `5 sec`; a bare number is milliseconds. undefined for what Jenkins cannot read. */
function delayOf(text: string | null, usualMs: number): number | undefined {
  if (text === null || text === "") return usualMs;
  const [, number, unit] = /^(\d+)\s*(secs?|mins?|)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  const scale = unit === "" ? 1 : unit?.startsWith("sec") ? 1000 : 60_000;
  return Number(number) * scale;
}

export function lacks(caller: Caller, permission: string): Answer {
  return page(403, `${caller.name} is missing a permission`, {
    "x-you-are-authenticated-as": caller.name,
    "x-required-permission": permission,
  });
}
