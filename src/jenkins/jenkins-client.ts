import { JenkinsRejectedError, JenkinsUnavailableError } from "../errors.ts";
import type { HttpResponse } from "../http/transport.ts";
import type { Json } from "../model/json.ts";
import {
  BUILD_TREE,
  JOB_TREE,
  QUEUE_TREE,
  readBuild,
  readJob,
  readList,
  readQueueItem,
  readStages,
  type Build,
  type JobAnswer,
  type QueueItem,
  type Stage,
} from "./answers.ts";
import { failureOf } from "./failures.ts";
import type { JenkinsSession } from "./session.ts";

export interface ServerAnswer {
  readonly version: string | undefined;
  readonly user: string;
  readonly isQuietingDown: boolean;
}

export interface BuildRequest {
  /** Path of the job, by `jobPath`. */
  readonly path: string;
  /** Its full name, for messages. */
  readonly job: string;
  /** Undefined for a job without parameters: it is started in another way. */
  readonly parameters: readonly (readonly [string, string])[] | undefined;
  readonly remoteToken?: string | undefined;
  /** Text by which the build can be known, where the job has a remote-trigger token. */
  readonly cause?: string | undefined;
}

/** Jenkins took a build. `queueId` is undefined where it does not say which item that is. */
export interface Taken {
  readonly queueId: number | undefined;
  /** An item with the same parameters waited already: this is that one. */
  readonly isCoalesced: boolean;
}

/** Newest builds of a job that are looked at when one is searched. */
const RECENT_BUILDS = 100;

/**
 * Jenkins' remote API. URLs in its answers are never asked for: only their numbers are used, so that credentials go
 * nowhere else.
 *
 * All methods @throws JenkinsUnavailableError, JenkinsAuthError, JenkinsRejectedError
 */
export class JenkinsClient {
  readonly #session: JenkinsSession;

  constructor(session: JenkinsSession) {
    this.#session = session;
  }

  /** Changes each time Jenkins starts. */
  get run(): string | undefined {
    return this.#session.run;
  }

  async server(): Promise<ServerAnswer> {
    const what = "who we are";
    const response = await this.#session.send({ method: "GET", path: "/whoAmI/api/json?tree=name,anonymous", what });
    if (response.status !== 200) throw failureOf(what, response);
    const version = response.headers["x-jenkins"];
    if (version === undefined)
      throw new JenkinsUnavailableError("NotJenkins", "what answers at spec.url is no Jenkins", {
        mayHaveHappened: false,
      });
    const { name } = parse(what, response) as { name?: string };
    const root = await this.#find("/api/json?tree=quietingDown", "the server");
    return {
      version: String(version),
      user: name ?? "anonymous",
      isQuietingDown: (root as { quietingDown?: boolean } | undefined)?.quietingDown === true,
    };
  }

  wantsCrumbs(): Promise<boolean> {
    return this.#session.wantsCrumbs();
  }

  async job(path: string, name: string): Promise<JobAnswer> {
    const what = `the job ${name}`;
    const response = await this.#session.send({
      method: "GET",
      path: `${path}/api/json?tree=${encodeURIComponent(JOB_TREE)}`,
      what,
      urgent: true,
    });
    if (response.status !== 200) throw failureOf(what, response);
    return readJob(parse(what, response));
  }

  /** Asks for a build, once. Where the error's `mayHaveHappened` is true Jenkins may have taken it. */
  async start({ path, job, parameters, remoteToken, cause }: BuildRequest): Promise<Taken> {
    const what = `a build of ${job}`;
    const form: (readonly [string, string])[] = [...(parameters ?? [])];
    // In the body: a URL would end in the logs of whatever stands between.
    if (remoteToken !== undefined) form.push(["token", remoteToken], ...(cause ? ([["cause", cause]] as const) : []));
    const verb = parameters === undefined ? "build" : "buildWithParameters";
    const response = await this.#session.send({
      method: "POST",
      path: `${path}/${verb}?delay=0sec`,
      what,
      form,
      urgent: true,
    });
    return readTaken(what, response);
  }

  queueItem(id: number): Promise<QueueItem | undefined> {
    return this.#read(
      `/queue/item/${id}/api/json?tree=${encodeURIComponent(QUEUE_TREE)}`,
      "a queue item",
      readQueueItem,
    );
  }

  async queue(): Promise<QueueItem[]> {
    const tree = encodeURIComponent(`items[${QUEUE_TREE}]`);
    const json = await this.#find(`/queue/api/json?tree=${tree}`, "the queue");
    return json === undefined ? [] : readList(json, "items", readQueueItem);
  }

  build(path: string, number: number): Promise<Build | undefined> {
    return this.#read(`${path}/${number}/api/json?tree=${encodeURIComponent(BUILD_TREE)}`, "a build", readBuild);
  }

  /** The newest builds of a job, newest first. */
  async builds(path: string): Promise<Build[]> {
    const tree = encodeURIComponent(`builds[${BUILD_TREE}]{0,${RECENT_BUILDS}}`);
    const json = await this.#find(`${path}/api/json?tree=${tree}`, "the builds of a job");
    return json === undefined ? [] : readList(json, "builds", readBuild);
  }

  /** Stages of a Pipeline's build; none where Jenkins cannot tell them. */
  async stages(path: string, number: number): Promise<Stage[]> {
    const json = await this.#find(`${path}/${number}/wfapi/describe`, "the stages of a build");
    return json === undefined ? [] : readStages(json);
  }

  /** Stops a running build; one that has ended stays as it is. */
  async stop(path: string, number: number): Promise<void> {
    const what = `the end of build ${number}`;
    const response = await this.#session.send({ method: "POST", path: `${path}/${number}/stop`, what, form: [] });
    const isDone = response.status === 302 || response.status === 404 || response.status < 300;
    if (!isDone) throw failureOf(what, response);
  }

  /** Takes an item out of the queue. @returns false where it has left the queue already. */
  async cancelItem(id: number): Promise<boolean> {
    const what = `the removal of queue item ${id}`;
    const response = await this.#session.send({ method: "POST", path: `/queue/cancelItem?id=${id}`, what, form: [] });
    if (response.status === 204 || response.status === 302) return true;
    if (response.status === 404 || response.status === 500) return false;
    throw response.status === 422
      ? new JenkinsRejectedError("Forbidden", `Jenkins refuses ${what}: the user lacks Item/Cancel`, 422)
      : failureOf(what, response);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #read<T>(path: string, what: string, read: (json: Json) => T | undefined): Promise<T | undefined> {
    const json = await this.#find(path, what);
    return json === undefined ? undefined : read(json);
  }

  /** Undefined where Jenkins answers 404. */
  async #find(path: string, what: string): Promise<Json | undefined> {
    const response = await this.#session.send({ method: "GET", path, what });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw failureOf(what, response);
    return parse(what, response);
  }
}

const QUEUE_ITEM = /\/queue\/item\/(\d+)\/?$/;

function readTaken(what: string, response: HttpResponse): Taken {
  const { status, headers } = response;
  const queueId = Number(QUEUE_ITEM.exec(String(headers.location ?? ""))?.[1] ?? NaN);
  const id = Number.isNaN(queueId) ? undefined : queueId;
  if (status === 201) return { queueId: id, isCoalesced: false };
  if (status === 303 && id !== undefined) return { queueId: id, isCoalesced: true };
  if (status === 302 && id === undefined)
    throw new JenkinsRejectedError("QueueRefused", `Jenkins' queue does not take ${what}`, status);
  if (status === 400 || status === 500) {
    const why = /Illegal choice for parameter \w+|is not parameterized|Nothing is submitted/.exec(response.body)?.[0];
    if (why !== undefined) throw new JenkinsRejectedError("Rejected", `Jenkins refuses ${what}: ${why}`, status);
  }
  throw failureOf(what, response);
}

function parse(what: string, { body, headers }: HttpResponse): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    const type = String(headers["content-type"] ?? "no content type");
    throw new JenkinsUnavailableError("NotJenkins", `the answer about ${what} is no JSON (${type})`, {
      mayHaveHappened: false,
    });
  }
}
