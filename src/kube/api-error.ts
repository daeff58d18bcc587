import { ConflictError, OperatorError } from "../errors.ts";

/** The API server refused a request, or could not be reached (`status` 0). */
export class KubeApiError extends OperatorError {
  readonly policy = "backoff";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;

  constructor(
    status: number,
    reason: string,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(reason, message, options);
    this.status = status;
  }
}

/**
 * The error for an answer that is no success. 409 with reason `Conflict` is a {@link ConflictError}: what we read was
 * old. 409 with `AlreadyExists` is not, because reading again does not help.
 * Source: meta/v1 Status (`reason`, `message`, `details.retryAfterSeconds`).
 */
export function errorOfAnswer(what: string, status: number, body: string, retryAfterMs?: number): OperatorError {
  const answer = parseStatus(body);
  const reason = answer.reason ?? (status === 429 ? "TooManyRequests" : `Http${status}`);
  const message = `${what}: ${answer.message ?? `the API server answered ${status}`}`;
  if (status === 409 && reason !== "AlreadyExists") return new ConflictError("Conflict", message);
  return new KubeApiError(status, reason, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** The error for a request that got no answer. */
export function errorOfFailure(what: string, cause: unknown): KubeApiError {
  const code = codeOf(cause);
  const reason = code !== undefined && /TIMEOUT/.test(code) ? "Timeout" : "Unreachable";
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new KubeApiError(0, reason, `${what}: ${code === undefined ? detail : `${code}: ${detail}`}`, { cause });
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 404;
}

/** RBAC says no, or an admission plugin does. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 403;
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 409;
}

/** 410: the resourceVersion or the continue token is older than what the API server still knows. */
export function isGone(error: unknown): boolean {
  return error instanceof KubeApiError && (error.status === 410 || error.reason === "Expired");
}

/** A JSON patch whose `test` does not hold: 422 with this message and no reason of its own. */
export function isTestFailed(error: unknown): boolean {
  return error instanceof KubeApiError && /rejected our request due to an error in our request/.test(error.message);
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || codeOf(error) === "UND_ERR_ABORTED");
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

function parseStatus(body: string): { reason?: string; message?: string } {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null) return {};
    const { reason, message } = parsed as Record<string, unknown>;
    return {
      ...(typeof reason === "string" && reason !== "" ? { reason } : {}),
      ...(typeof message === "string" && message !== "" ? { message } : {}),
    };
  } catch {
    return {};
  }
}
