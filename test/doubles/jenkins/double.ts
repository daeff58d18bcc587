import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { page, type Answer } from "./answer.ts";
import { BuildEngine, type Build, type Job } from "./build-engine.ts";
import { Clock } from "./clock.ts";
import { Crumbs } from "./crumbs.ts";
import { parseConfig } from "./job.ts";
import { answerRoot } from "./root-requests.ts";
import { applyTree, TreeSyntaxError } from "./tree.ts";
import { callerOf, type Permission } from "./users.ts";

const VERSION = "2.516.3";

export interface JenkinsDoubleOptions {
  /** 0 for a free one. */
  readonly port?: number;
  /** `/jenkins`; none by default. */
  readonly contextPath?: string;
  readonly executors?: number;
  /** What callers without credentials may do. */
  readonly anonymous?: readonly Permission[];
}

export interface JenkinsRequestRecord {
  readonly method: string;
  /** Without its query, which may hold a token. */
  readonly path: string;
  readonly status: number;
  readonly atMs: number;
}

/** What is done to a request instead of, or after, what Jenkins would do. */
export type JenkinsFault =
  /** The connection breaks before Jenkins sees the request, or after it has done what was asked. */
  | { readonly kind: "resetBefore" | "resetAfter" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "stall"; readonly ms: number };

/** A stand-in for Jenkins 2.516 with pipeline plugins, for tests and for trying things. */
export class JenkinsDouble {
  readonly clock = new Clock();
  /** The last requests, oldest first. */
  readonly requests: JenkinsRequestRecord[] = [];
  readonly #options: JenkinsDoubleOptions;
  readonly #server: Server;
  readonly #engine: BuildEngine;
  #crumbs = new Crumbs();
  #run = randomBytes(4).toString("hex");
  #isUp = true;
  #faultOf: (request: { readonly method: string; readonly path: string }) => JenkinsFault | undefined = () => undefined;

  private constructor(options: JenkinsDoubleOptions) {
    this.#options = options;
    this.#engine = new BuildEngine(this.clock, options.executors ?? 2);
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async start(options: JenkinsDoubleOptions = {}): Promise<JenkinsDouble> {
    const double = new JenkinsDouble(options);
    double.#server.listen(options.port ?? 0, "127.0.0.1");
    await once(double.#server, "listening");
    return double;
  }

  /** With the context path, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#options.contextPath ?? ""}`;
  }

  /** Makes a job of its `config.xml`, as `createItem` would. */
  createJob(fullName: string, xml: string): void {
    this.#engine.jobs.set(fullName, { fullName, config: parseConfig(xml), builds: [], next: 1 });
  }

  /** Builds of a job, newest first. */
  buildsOf(fullName: string): readonly Build[] {
    this.#engine.settle();
    return this.#job(fullName).builds;
  }

  /** What the builds of a job end as from now on. */
  setResult(fullName: string, result: "SUCCESS" | "FAILURE" | "UNSTABLE", durationMs = 0): void {
    const job = this.#job(fullName);
    job.config = { ...job.config, script: { result, durationMs } };
  }

  /** Items that wait in the queue. */
  get queueLength(): number {
    this.#engine.settle();
    return this.#engine.waiting().length;
  }

  setFault(faultOf: (request: { readonly method: string; readonly path: string }) => JenkinsFault | undefined): void {
    this.#faultOf = faultOf;
  }

  /** Sessions end, and the queue is kept or lost; `downMs` it answers that it is starting. */
  async restart(kind: "graceful" | "hard", downMs = 0): Promise<void> {
    this.#isUp = false;
    this.#engine.restart(kind);
    this.#crumbs = new Crumbs();
    this.#run = randomBytes(4).toString("hex");
    if (downMs > 0) await new Promise((resolve) => setTimeout(resolve, downMs));
    this.#isUp = true;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #job(fullName: string): Job {
    const job = this.#engine.jobs.get(fullName);
    if (!job) throw new Error(`no job ${fullName}`);
    return job;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const method = request.method ?? "GET";
    const [path = "/"] = (request.url ?? "/").split("?");
    const fault = this.#faultOf({ method, path });
    if (fault?.kind === "resetBefore") return void request.socket.destroy();
    if (fault?.kind === "stall") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const answer =
      fault?.kind === "status" ? page(fault.status, "") : this.#answer(request, Buffer.concat(chunks).toString("utf8"));
    this.requests.push({ method, path, status: answer.status, atMs: Date.now() });
    if (this.requests.length > 10_000) this.requests.shift();
    if (fault?.kind === "resetAfter") return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers);
    response.end(method === "HEAD" ? undefined : answer.body);
  }

  #answer(request: IncomingMessage, body: string): Answer {
    if (!this.#isUp) return page(503, "Starting Jenkins");
    const contextPath = this.#options.contextPath ?? "";
    const [full = "/", query = ""] = (request.url ?? "/").split("?");
    if (!full.startsWith(`${contextPath}/`)) return page(404, "Not Found");
    const caller = callerOf(request.headers.authorization, new Set(this.#options.anonymous));
    if (!caller) return page(401, "Invalid password/token for user", { "www-authenticate": 'Basic realm="Jenkins"' });
    const path = full.slice(contextPath.length + 1);
    const fields = new URLSearchParams(query);
    const isForm = /x-www-form-urlencoded/.test(request.headers["content-type"] ?? "");
    if (isForm) for (const [name, value] of new URLSearchParams(body)) fields.append(name, value);
    const session = this.#crumbs.sessionOf(request.headers.cookie);
    if (request.method === "POST" && !caller.hasToken && !path.startsWith("buildByToken/")) {
      const crumb = request.headers["jenkins-crumb"] ?? fields.get("Jenkins-Crumb");
      if (session === undefined || crumb !== this.#crumbs.crumbOf(caller.name, session))
        return page(403, "No valid crumb was included in the request");
    }
    if (path === "crumbIssuer/api/json") return this.#crumb(caller, session);
    const rootUrl = `http://${request.headers.host}${contextPath}/`;
    const remoteAddr = request.socket.remoteAddress ?? "";
    const method = request.method ?? "GET";
    const answer = answerRoot(this.#engine, this.clock, path, {
      method: method === "HEAD" ? "GET" : method,
      fields,
      hasForm: isForm && body !== "",
      remoteAddr,
      caller,
      rootUrl,
      body,
    });
    return this.#withTree(answer, fields.get("tree"));
  }

  #crumb(caller: { name: string; permissions: ReadonlySet<Permission> }, known: string | undefined): Answer {
    if (!caller.permissions.has("Overall/Read")) return page(403, "Authentication required");
    const begun = known === undefined ? this.#crumbs.begin() : undefined;
    const crumb = this.#crumbs.crumbOf(caller.name, known ?? begun?.session ?? "");
    const headers = { ...this.#marks(), ...(begun ? { "set-cookie": begun.cookie } : {}) };
    const body = { _class: "hudson.security.csrf.DefaultCrumbIssuer", crumb, crumbRequestField: "Jenkins-Crumb" };
    return { status: 200, headers, body: JSON.stringify(body) };
  }

  /** Answers of the API say which Jenkins it is; redirects and pages do not. */
  #withTree(answer: Answer, tree: string | null): Answer {
    if (!answer.headers?.["content-type"]?.startsWith("application/json")) return answer;
    const headers = { ...answer.headers, ...this.#marks() };
    if (tree === null) return { ...answer, headers };
    try {
      return { ...answer, headers, body: JSON.stringify(applyTree(JSON.parse(answer.body ?? "null"), tree)) };
    } catch (error) {
      if (error instanceof TreeSyntaxError) return page(500, "IllegalArgumentException");
      throw error;
    }
  }

  #marks(): Record<string, string> {
    return {
      "content-type": "application/json;charset=utf-8",
      "x-jenkins": VERSION,
      "x-jenkins-session": this.#run,
      "x-content-type-options": "nosniff",
    };
  }
}
