import { TransportError, type HttpRequest, type HttpResponse, type HttpTransport } from "../http/transport.ts";
import { failureOf, unavailable } from "./failures.ts";
import type { RequestRate } from "./request-rate.ts";
import type { JenkinsSettings } from "./settings.ts";

export interface JenkinsRequest {
  readonly method: "GET" | "POST";
  /** Below Jenkins' root, with its query: `/job/app/api/json?tree=…`. */
  readonly path: string;
  /** What is asked, for messages: `the job team/app`. Never a URL, which may hold a token. */
  readonly what: string;
  /** Form fields of a POST. */
  readonly form?: readonly (readonly [string, string])[];
  readonly urgent?: boolean;
  /** Jenkins wants no crumb with this POST, whoever sends it. */
  readonly isExempt?: boolean;
  /** Called when nothing but the sending is left; what it throws keeps the request from being sent. */
  readonly beforeSend?: (() => void) | undefined;
}

/** One request as the metrics see it. */
export interface JenkinsRequestRecord {
  readonly method: "GET" | "POST";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly durationMs: number;
}

export interface JenkinsSessionOptions {
  readonly settings: JenkinsSettings;
  readonly transport: HttpTransport;
  readonly rate: RequestRate;
  readonly onRequest?: ((record: JenkinsRequestRecord) => void) | undefined;
}

interface Crumb {
  readonly field: string;
  readonly value: string;
  readonly cookie: string;
}

/**
 * Requests in somebody's name: credentials, and for everybody without an API token a crumb, which only holds together
 * with the session's cookie.
 *
 * Guarantee: a POST is sent a second time only where Jenkins has refused the first one's crumb, which it does before it
 * looks at anything else.
 */
export class JenkinsSession {
  readonly #options: JenkinsSessionOptions;
  readonly #base: string;
  readonly #authorization: string | undefined;
  #crumb: Promise<Crumb | undefined> | undefined;
  #run: string | undefined;

  constructor(options: JenkinsSessionOptions) {
    this.#options = options;
    this.#base = new URL(options.settings.url).pathname.replace(/\/+$/, "");
    const { identity } = options.settings;
    const secret = identity.kind === "token" ? identity.token : identity.kind === "password" ? identity.password : "";
    this.#authorization =
      identity.kind === "anonymous"
        ? undefined
        : `Basic ${Buffer.from(`${identity.user}:${secret}`).toString("base64")}`;
  }

  /** Changes each time Jenkins starts; undefined before the first answer that has it. */
  get run(): string | undefined {
    return this.#run;
  }

  get isAnonymous(): boolean {
    return this.#authorization === undefined;
  }

  /** Whether Jenkins wants crumbs; asked once for each run of it. */
  async wantsCrumbs(): Promise<boolean> {
    return (await this.#currentCrumb()) !== undefined;
  }

  /**
   * The answer, whatever its status.
   * @throws JenkinsUnavailableError, JenkinsAuthError where none came.
   */
  async send(request: JenkinsRequest): Promise<HttpResponse> {
    const before = this.#run;
    const needsCrumb =
      request.method === "POST" && !request.isExempt && this.#options.settings.identity.kind !== "token";
    const used = needsCrumb ? this.#currentCrumb() : undefined;
    const response = await this.#sendOnce(request, await used);
    if (before !== undefined && before !== this.#run && this.#crumb === used) this.#crumb = undefined;
    if (!needsCrumb || response.status !== 403 || !/No valid crumb/i.test(response.body)) return response;
    // Sessions end when Jenkins starts anew, and after a while. Of many that are refused together one fetches another.
    if (this.#crumb === used) this.#crumb = undefined;
    const crumb = await this.#currentCrumb();
    return crumb ? this.#sendOnce(request, crumb) : response;
  }

  close(): Promise<void> {
    return this.#options.transport.close();
  }

  #currentCrumb(): Promise<Crumb | undefined> {
    if (this.#crumb) return this.#crumb;
    const fetched = this.#fetchCrumb();
    this.#crumb = fetched;
    fetched.catch(() => {
      if (this.#crumb === fetched) this.#crumb = undefined;
    });
    return fetched;
  }

  async #fetchCrumb(): Promise<Crumb | undefined> {
    const what = "a crumb";
    const response = await this.#sendOnce({ method: "GET", path: "/crumbIssuer/api/json", what, urgent: true });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw failureOf(what, response);
    const { crumb, crumbRequestField } = JSON.parse(response.body) as Record<string, string>;
    if (crumb === undefined || crumbRequestField === undefined) return undefined;
    const cookies = [response.headers["set-cookie"] ?? []].flat().map((cookie) => cookie.split(";")[0] ?? "");
    return { field: crumbRequestField, value: crumb, cookie: cookies.join("; ") };
  }

  async #sendOnce(asked: JenkinsRequest, crumb?: Crumb): Promise<HttpResponse> {
    const { method, path, form, urgent } = asked;
    await this.#options.rate.turn(urgent ? "urgent" : "patient");
    asked.beforeSend?.();
    const body = form?.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
    const request: HttpRequest = {
      method,
      path: this.#base + path,
      headers: {
        accept: "application/json",
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        ...(crumb ? { [crumb.field]: crumb.value, cookie: crumb.cookie } : {}),
        ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(body === undefined ? {} : { body }),
    };
    const startedAt = performance.now();
    let status = 0;
    try {
      const response = await this.#transmit(request);
      ({ status } = response);
      const run = response.headers["x-jenkins-session"];
      if (typeof run === "string") this.#run = run;
      return response;
    } finally {
      this.#options.onRequest?.({ method, status, durationMs: performance.now() - startedAt });
    }
  }

  /** A connection that was kept alive may be closed under any request: a look is simply repeated, at once. */
  async #transmit(request: HttpRequest): Promise<HttpResponse> {
    const { transport } = this.#options;
    try {
      return await transport.send(request);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (request.method === "POST" || error.failure !== "lost") throw unavailable(error);
      return transport.send(request).catch((second: unknown) => {
        throw second instanceof TransportError ? unavailable(second) : second;
      });
    }
  }
}
