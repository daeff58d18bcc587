/** Condition types in `status.conditions`. */
export const CONDITION = {
  /** The spec can be used. */
  accepted: "Accepted",
  /** All that the object names is there and may be used. */
  resolvedRefs: "ResolvedRefs",
  /** Kong holds what the object asks for. */
  programmed: "Programmed",
  /** The three above together; follows kstatus. */
  ready: "Ready",
  /** kstatus: work is going on. Present only while True. */
  reconciling: "Reconciling",
  /** kstatus: nothing but a change will help. Present only while True. */
  stalled: "Stalled",
  /** Kong was found changed behind the operator's back. Stands beside Ready. */
  drifted: "Drifted",
} as const;
export type ConditionType = (typeof CONDITION)[keyof typeof CONDITION];

/** Longest message of a condition, in characters: ten times what a person reads, far below what etcd minds. */
export const MAX_MESSAGE_LENGTH = 1024;

/** The message within {@link MAX_MESSAGE_LENGTH}; what was cut is marked by an ellipsis. */
export function capMessage(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}
