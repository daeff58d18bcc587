/** What is wrong with where an object's servers are found; the object is in Kong all the same. */
export interface BackendProblem {
  readonly reason: string;
  /** Names the backend's path in the spec and the remedy. */
  readonly message: string;
  /** What the spec names is not there, as against there and of little use. */
  readonly isMissing: boolean;
}

/** What a reconcile came to, as data: the report stage turns it into conditions, Events and metrics. */
export type ObjectOutcome =
  | {
      readonly result: "Programmed";
      /** Fields that the live gateway's schema does not know and that were therefore not sent. */
      readonly fieldsNotSent: readonly string[];
      /** Fields that differ in Kong and were left so, because the KongGateway's drift policy is Report. */
      readonly driftedFields: readonly string[];
      readonly backendProblems?: readonly BackendProblem[];
      /** Younger objects that want the same place in Kong, and wait. */
      readonly against?: readonly string[];
    }
  | {
      readonly result: "Failed";
      readonly error: unknown;
      /** What became of what stood in Kong and is permitted no longer. */
      readonly revoked?: Revoked | undefined;
    };

/** Taken out of Kong; left there by `revocation.policy`; left there because something is in the way. */
export type Revoked = "Removed" | "Reported" | "Blocked";
