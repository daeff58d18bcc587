import {
  TransportError,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
} from "../../../src/http/transport.ts";
import { JenkinsClient } from "../../../src/jenkins/jenkins-client.ts";
import { RequestRate } from "../../../src/jenkins/request-rate.ts";
import { JenkinsSession } from "../../../src/jenkins/session.ts";
import type { JenkinsIdentity } from "../../../src/jenkins/settings.ts";

export type Reply = Partial<HttpResponse> | "lost" | "refused" | "timeout";

/** Answers by a script, and keeps what it was sent. */
export class FakeTransport implements HttpTransport {
  readonly sent: HttpRequest[] = [];
  readonly #answer: (request: HttpRequest, at: number) => Reply | Promise<Reply>;

  constructor(answer: (request: HttpRequest, at: number) => Reply | Promise<Reply>) {
    this.#answer = answer;
  }

  /** `POST /job/app/build`, without queries. */
  get lines(): string[] {
    return this.sent.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    this.sent.push(request);
    const reply = await this.#answer(request, this.sent.length);
    if (typeof reply === "string") throw new TransportError(reply, `it was ${reply}`);
    return { status: 200, headers: {}, body: "", ...reply };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const TOKEN: JenkinsIdentity = { kind: "token", user: "bot", token: "11f0" };
export const PASSWORD: JenkinsIdentity = { kind: "password", user: "bot", password: "pw" };

export function clientOver(transport: HttpTransport, identity: JenkinsIdentity = TOKEN): JenkinsClient {
  const settings = { url: "http://ci.test/jenkins", identity, timeoutMs: 1000 };
  return new JenkinsClient(new JenkinsSession({ settings, transport, rate: new RequestRate(1000) }));
}
