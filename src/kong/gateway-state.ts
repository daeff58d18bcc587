import { GatewayAuthError, KongUnavailableError, NotReadyError, type OperatorError } from "../errors.ts";
import { AdminRejection } from "./admin-client.ts";
import type { NodeInfo, Refusal } from "./node-info.ts";

export type GatewayPhase = "Connecting" | "Ready" | "Unavailable" | "AuthFailed" | "Refused";

/** What the KongGateway's status says of its connection. */
export interface GatewayState {
  readonly phase: GatewayPhase;
  /** CamelCase, of the condition: `Connected`, `ConnectionRefused`, `InstanceInUse`, … */
  readonly reason: string;
  readonly message: string;
  /** When the phase was entered. */
  readonly since: Date;
  /** What the gateway last said of itself. */
  readonly info: NodeInfo | undefined;
  /** Our entities there, by type. */
  readonly counts: Readonly<Record<string, number>>;
  /** When the whole mirror was last compared with the gateway. */
  readonly lastSyncTime: Date | undefined;
  /** Only of a gateway without a database. */
  readonly dbless: DblessState | undefined;
}

/** Which configuration a gateway without a database shall have, and which its Pods have. */
export interface DblessState {
  /** MD5 of the configuration, as Kong tells it in `configuration_hash`; zeros where it is empty. */
  readonly hash: string;
  readonly pods: readonly PodState[];
}

export interface PodState {
  /** Host and port of its Admin API. */
  readonly address: string;
  /** What it last said; undefined where it has not answered. */
  readonly hash: string | undefined;
  /** Why it does not have the configuration; undefined where it has. */
  readonly problem: string | undefined;
}

/** The gateway answers, and must not be written to. Never leaves this folder: objects get a NotReadyError. */
export class GatewayRefusedError extends Error {
  readonly reason: string;

  constructor({ reason, message }: Refusal) {
    super(message);
    this.name = "GatewayRefusedError";
    this.reason = reason;
  }
}

/** Phase, reason and message for what a look at the gateway ended with. */
export function verdictOf(error: unknown): Pick<GatewayState, "phase" | "reason" | "message"> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof GatewayAuthError) return { phase: "AuthFailed", reason: error.reason, message };
  if (error instanceof GatewayRefusedError) return { phase: "Refused", reason: error.reason, message };
  if (error instanceof KongUnavailableError) return { phase: "Unavailable", reason: error.reason, message };
  if (error instanceof AdminRejection) return { phase: "Unavailable", reason: "NotAnAdminAPI", message };
  return { phase: "Unavailable", reason: "Failed", message };
}

/** Why nothing can be written now; undefined in phase Ready. */
export function writeBarrier({ phase, message }: Pick<GatewayState, "phase" | "message">): OperatorError | undefined {
  switch (phase) {
    case "Ready":
      return undefined;
    case "Unavailable":
      return new KongUnavailableError("GatewayUnavailable", `the gateway is unavailable: ${message}`);
    case "AuthFailed":
      return new GatewayAuthError("GatewayAuthFailed", message);
    case "Refused":
      return new NotReadyError("GatewayRefused", `the gateway is not written to: ${message}`);
    case "Connecting":
      return new NotReadyError("GatewayConnecting", "the gateway's entities are being listed");
  }
}
