/** What a reconcile came to, as data: the report stage turns it into conditions, Events and metrics. */
export type ObjectOutcome =
  | {
      readonly result: "Programmed";
      /** Fields that the live gateway's schema does not know and that were therefore not sent. */
      readonly fieldsNotSent: readonly string[];
      /** Fields that differ in Kong and were left so, because the KongGateway's drift policy is Report. */
      readonly driftedFields: readonly string[];
    }
  | { readonly result: "Failed"; readonly error: unknown };
