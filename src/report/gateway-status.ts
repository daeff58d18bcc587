import type { ConditionDraft } from "./conditions.ts";

/** What a connection says of itself. */
export interface GatewayState {
  readonly phase: "Connecting" | "Ready" | "Unavailable" | "AuthFailed" | "Refused";
  /** CamelCase reason of the phase. */
  readonly reason: string;
  readonly message: string;
}

/** The conditions of a KongGateway whose spec is valid and whose Secrets are there. */
export function gatewayConditions(state: GatewayState): ConditionDraft[] {
  const accepted: ConditionDraft[] = [
    { type: "Accepted", status: "True", reason: "Accepted", message: "The spec is valid" },
    {
      type: "ResolvedRefs",
      status: "True",
      reason: "ResolvedRefs",
      message: "Everything that the spec refers to is there",
    },
  ];
  const { reason, message } = state;
  switch (state.phase) {
    case "Ready":
      return [...accepted, { type: "Ready", status: "True", reason, message }];
    case "Connecting":
      return [
        ...accepted,
        { type: "Ready", status: "Unknown", reason, message },
        { type: "Reconciling", status: "True", reason, message },
      ];
    case "Unavailable":
      return [
        ...accepted,
        { type: "Ready", status: "False", reason, message },
        { type: "Reconciling", status: "True", reason, message },
      ];
    case "AuthFailed":
    case "Refused":
      return [
        ...accepted,
        { type: "Ready", status: "False", reason, message },
        { type: "Stalled", status: "True", reason, message },
      ];
  }
}
