import type { JsonObject } from "./model/json.ts";

/**
 * Errors that carry their policy. The one switch over `policy` is in `runtime/outcome.ts`; nothing both logs and throws.
 * Messages are shown to users as they are, so they name the object, the field and the remedy, and never hold a secret.
 */
export type RetryPolicy =
  /** Not until the object itself changes. */
  | "none"
  /** When what it refers to changes, and by a slow recheck. */
  | "reference"
  /** By a slow recheck. */
  | "recheck"
  /** Exponential backoff with jitter; `retryAfterMs` wins. */
  | "backoff"
  /** At once, from a fresh read. */
  | "immediate";

export abstract class OperatorError extends Error {
  abstract readonly policy: RetryPolicy;
  /** CamelCase reason of the condition and the Event, and the metric label. */
  readonly reason: string;
  /** Wins over the policy's own delay. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The object's own fields cannot be used. Shown as Accepted=False. */
export class InvalidSpecError extends OperatorError {
  readonly policy = "none";
}

/** Something that the object names is not there (yet). Shown as ResolvedRefs=False. */
export class RefNotFoundError extends OperatorError {
  readonly policy = "reference";
}

/** Something that the object names may not be used from its namespace. Shown as ResolvedRefs=False. */
export class RefNotPermittedError extends OperatorError {
  readonly policy = "reference";
}

/**
 * What the object asks for is not open to its namespace on this gateway. Shown as Accepted=False; what stands in Kong and
 * is not permitted either leaves it.
 */
export class TenantRestrictedError extends OperatorError {
  readonly policy = "reference";
}

/** Everything is resolved, but what it needs is not in Kong yet. Shown as Programmed=Unknown. */
export class NotReadyError extends OperatorError {
  readonly policy = "reference";
}

/** Handed over, and the gateway has not answered yet; the object is looked at again when it has. Shown nowhere. */
export class PendingError extends OperatorError {
  readonly policy = "reference";

  constructor(message: string) {
    super("Pending", message);
  }
}

/** Kong answered 400, 404, 405, 409 and the like. Shown as Programmed=False with Kong's fields. */
export class KongRejectedError extends OperatorError {
  readonly policy = "recheck";
  readonly status: number;
  /** Kong's `code`: 2 schema, 4 foreign key, 5 unique, 13 unknown reference, … */
  readonly code: number | undefined;
  /** Kong's `fields`, redacted. */
  readonly fields: JsonObject;

  constructor(
    reason: string,
    message: string,
    details: { status: number; code?: number | undefined; fields?: JsonObject; cause?: unknown },
  ) {
    super(reason, message, { cause: details.cause });
    this.status = details.status;
    this.code = details.code;
    this.fields = details.fields ?? {};
  }
}

/** Connection refused or reset, timeout, 5xx, 429. Shown as Programmed=Unknown. */
export class KongUnavailableError extends OperatorError {
  readonly policy = "backoff";
}

/** The Admin API answers 401 or 403, or TLS fails. Objects with something to write are Programmed=Unknown. */
export class GatewayAuthError extends OperatorError {
  readonly policy = "recheck";
}

/** Deletion has to wait for something that a person or another object must do. Shown as Ready=False. */
export class DeletionBlockedError extends OperatorError {
  readonly policy = "recheck";
}

/** The cluster answered 409: what we read was old. Shown nowhere. */
export class ConflictError extends OperatorError {
  readonly policy = "immediate";
}

/** Jenkins answered that it will not: the job is not there or disabled, a parameter cannot be used. */
export class JenkinsRejectedError extends OperatorError {
  readonly policy = "recheck";
  readonly status: number;

  constructor(reason: string, message: string, status: number, options: { cause?: unknown } = {}) {
    super(reason, message, { ...options, retryAfterMs: JENKINS_RECHECK_MS });
    this.status = status;
  }
}

/** Jenkins tells nobody when a job is enabled or a user is permitted. */
const JENKINS_RECHECK_MS = 60_000;

/** Jenkins is away, starting or in trouble. */
export class JenkinsUnavailableError extends OperatorError {
  readonly policy = "backoff";
  /** True where the request may have been carried out although no answer says so. */
  readonly mayHaveHappened: boolean;

  constructor(
    reason: string,
    message: string,
    options: { mayHaveHappened: boolean; cause?: unknown; retryAfterMs?: number | undefined },
  ) {
    const { retryAfterMs } = options;
    super(reason, message, { cause: options.cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    this.mayHaveHappened = options.mayHaveHappened;
  }
}

/** Jenkins does not accept who we are. */
export class JenkinsAuthError extends OperatorError {
  readonly policy = "recheck";

  constructor(reason: string, message: string, options: { cause?: unknown } = {}) {
    super(reason, message, { ...options, retryAfterMs: JENKINS_RECHECK_MS });
  }
}
