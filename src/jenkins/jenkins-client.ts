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
  /** False where Jenkins shows nothing to us: only builds by a remote-trigger token can be asked for. */
  readonly isReadable: boolean;
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
  /** The build's id as a parameter, of a job that cannot be seen: such a job may take none. */
  readonly idParameter?: readonly [string, string] | undefined;
}

/** Jenkins took a build. `queueId` is undefined where it does not say which item that is. */
export interface Taken {
  readonly queueId: number | undefined;
  /** An item with the same parameters waited already: this is that one. */
  readonly isCoalesced: boolean;
}

/** Builds of a job that are listed by one request. */
export const BUILDS_A_PAGE = 100;

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
    const version = response.headers["x-jenkins"];
    if (response.status === 403 && this.#session.isAnonymous)
      return { version: textOf(version), user: "anonymous", isQuietingDown: false, isReadable: false };
    if (response.status !== 200) throw failureOf(what, response);
    if (version === undefined)
      throw new JenkinsUnavailableError("NotJenkins", "what answers at spec.url is no Jenkins", {
        mayHaveHappened: false,
      });
    const { name } = parse(what, response) as { name?: string };
    const root = await this.#session.send({ method: "GET", path: "/api/json?tree=quietingDown", what: "the server" });
    const isReadable = root.status === 200;
    if (!isReadable && !this.#session.isAnonymous) throw failureOf("the server", root);
    const { quietingDown } = isReadable ? (parse("the server", root) as { quietingDown?: boolean }) : {};
    return {
      version: textOf(version),
      user: name ?? "anonymous",
      isReadable,
      isQuietingDown: quietingDown === true,
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

  /**
   * Asks for a build, once. Where the error's `mayHaveHappened` is true Jenkins may have taken it; before `beforeSend` is
   * called it certainly has not.
   */
  async start(request: BuildRequest, beforeSend?: () => void): Promise<Taken> {
    const { path, job, parameters, remoteToken, cause } = request;
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
      beforeSend,
    });
    return readTaken(what, response);
  }

  /**
   * Asks for a build by nothing but the job's remote-trigger token, of a Jenkins that shows us nothing.
   * Source: plugin build-token-root, BuildRootAction.
   */
  async startByToken(request: BuildRequest, beforeSend?: () => void): Promise<Taken> {
    const { job, parameters = [], remoteToken = "", cause, idParameter } = request;
    const what = `a build of ${job} by its token alone`;
    const form: (readonly [string, string])[] = [...parameters, ["job", job], ["token", remoteToken]];
    if (idParameter) form.push(idParameter);
    if (cause !== undefined) form.push(["cause", cause]);
    const ask = (verb: string): Promise<HttpResponse> =>
      this.#session.send({
        method: "POST",
        path: `/buildByToken/${verb}?delay=0sec`,
        what,
        form,
        urgent: true,
        isExempt: true,
        beforeSend,
      });
    let response = await ask("buildWithParameters");
    // What the job is like cannot be seen; it refuses what is not its own.
    const isWrongVerb = response.status === 400 && /buildByToken\/build\b|not parameterized/i.test(response.body);
    if (isWrongVerb && parameters.length > 0)
      throw new JenkinsRejectedError("UnknownParameter", `Jenkins refuses ${what}: the job takes no parameters`, 400);
    if (isWrongVerb) response = await ask("build");
    if (response.status !== 404) return readTaken(what, response);
    throw new JenkinsRejectedError(
      "NotFound",
      `Jenkins answers 404 to ${what}: without credentials it needs the plugin build-token-root, and a job that has the token`,
      404,
    );
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

  /** The newest builds of a job, newest first; `page` 1 and on hold older ones. */
  async builds(path: string, page = 0): Promise<Build[]> {
    // `builds` ends at the hundredth.
    const field = page === 0 ? "builds" : "allBuilds";
    const tree = `${field}[${BUILD_TREE}]{${page * BUILDS_A_PAGE},${(page + 1) * BUILDS_A_PAGE}}`;
    const json = await this.#find(`${path}/api/json?tree=${encodeURIComponent(tree)}`, "the builds of a job");
    return json === undefined ? [] : readList(json, field, readBuild);
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

function textOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header);
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
