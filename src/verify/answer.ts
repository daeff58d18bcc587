/** What came back through the proxy, as far as it says who answered. */
export interface ProxyAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The beginning of the body. */
  readonly body: string;
}

/** Why no answer came. */
export type ProbeFailure = "unreachable" | "timeout" | "tls";

export class ProbeError extends Error {
  readonly failure: ProbeFailure;

  constructor(failure: ProbeFailure, message: string) {
    super(message);
    this.name = "ProbeError";
    this.failure = failure;
  }
}

/** What one request through the proxy says of the route. */
export type Finding = { readonly ok: true } | Fault;

export interface Fault {
  readonly ok: false;
  readonly reason: string;
  /** What makes it the same trouble as before, whatever the words: `UnexpectedStatus 503`. */
  readonly kind: string;
  readonly message: string;
}

/** Longest part of Kong's own message that is shown. */
const MESSAGE_LIMIT = 200;
/** Shorter values stand in ordinary words. */
const SHORTEST_HIDDEN = 4;
const NO_ROUTE = "no Route matched with those values";

/**
 * Tells the answer of the route from that of others. Kong says itself when it has answered without a backend: by the
 * header Server, and by the absence of Via and X-Kong-Upstream-Latency, which a backend's answer carries.
 * Source: Kong Gateway, "Proxying", and answers of Kong 3.9.1.
 * @param sent headers of the request, whose values are not shown.
 */
export function judge(
  answer: ProxyAnswer,
  expectStatus: readonly number[] | undefined,
  sent: Readonly<Record<string, string>> = {},
): Finding {
  const message = isKongs(answer) ? kongMessage(answer) : undefined;
  const said = message === undefined ? undefined : withoutValues(message, sent).slice(0, MESSAGE_LIMIT);
  if (answer.status === 404 && said === NO_ROUTE) return NO_ROUTE_MATCHED;
  if (isExpected(answer.status, expectStatus)) return { ok: true };
  // An answer to HEAD has no body that could say it.
  if (answer.status === 404 && isKongs(answer) && answer.body === "" && isSigned(answer)) return NO_ROUTE_MATCHED;
  const wanted = expectStatus ? expectStatus.join(", ") : "200 to 399";
  const by = said === undefined ? "" : `, which Kong gave itself: ${said}`;
  const text = `The answer is ${answer.status} instead of ${wanted}${by}`;
  return { ok: false, reason: "UnexpectedStatus", kind: `UnexpectedStatus ${answer.status}`, message: text };
}

const NO_ROUTE_MATCHED = fault("NoRouteMatched", "Kong has no route for the request (404)");

/** What a request says that got no answer. */
export function judgeFailure(error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  switch (error instanceof ProbeError ? error.failure : "unreachable") {
    case "timeout":
      return fault("Timeout", `The proxy did not answer in time: ${message}`);
    case "tls":
      return fault("TLSFailed", `TLS to the proxy failed: ${message}`);
    case "unreachable":
      return fault("ProxyUnreachable", `The proxy cannot be reached: ${message}`);
  }
}

function fault(reason: string, message: string): Fault {
  return { ok: false, reason, kind: reason, message };
}

/** What comes back may be what was sent: a header from a Secret is not for everyone who may read a status. */
function withoutValues(message: string, sent: Readonly<Record<string, string>>): string {
  return Object.entries(sent).reduce(
    (text, [name, value]) => (value.length < SHORTEST_HIDDEN ? text : text.replaceAll(value, `<${name}>`)),
    message,
  );
}

function isExpected(status: number, expectStatus: readonly number[] | undefined): boolean {
  return expectStatus ? expectStatus.includes(status) : status >= 200 && status < 400;
}

/** True where no backend has answered, as far as the headers say. With `headers=off` Kong does not sign anything. */
function isKongs(answer: ProxyAnswer): boolean {
  if (answer.headers["x-kong-upstream-latency"] !== undefined) return false;
  return isSigned(answer) || (answer.headers["server"] === undefined && answer.headers["via"] === undefined);
}

function isSigned({ headers }: ProxyAnswer): boolean {
  return /^kong\b/i.test(headers["server"] ?? "") || headers["x-kong-response-latency"] !== undefined;
}

function kongMessage({ body }: ProxyAnswer): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}
