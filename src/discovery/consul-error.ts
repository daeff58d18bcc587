/** Why a Consul tells us nothing. The words are for people and hold nothing of what it answered. */
export class ConsulError extends Error {
  /** CamelCase reason of the condition and the Event, and the metric label. */
  readonly reason: ConsulReason;

  constructor(reason: ConsulReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ConsulError";
    this.reason = reason;
  }
}

export type ConsulReason = "ConsulUnavailable" | "ConsulDenied" | "ConsulTLSFailed" | "ConsulRefused" | "NotConsul";
