/** Why a Consul tells us nothing. The words are for people and hold nothing of what it answered. */
export class ConsulProblem extends Error {
  /** CamelCase reason of the condition and the Event, and the metric label. */
  readonly reason: ConsulProblemReason;

  constructor(reason: ConsulProblemReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ConsulProblem";
    this.reason = reason;
  }
}

export type ConsulProblemReason =
  "ConsulUnavailable" | "ConsulDenied" | "ConsulTLSFailed" | "ConsulRefused" | "NotConsul";
