import { z } from "zod";

export const ConditionSchema = z.strictObject({
  type: z.string().max(316).describe("Type of the condition, such as Ready."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: z.string().min(1).max(1024).describe("Why, as one CamelCase word."),
  message: z.string().max(32768).describe("Why, in words."),
  lastTransitionTime: z.string().meta({ format: "date-time", description: "When the status last changed." }),
  observedGeneration: z.int().min(0).optional().describe("Generation of the object that the condition speaks of."),
});

/** Every kind's status. */
export const baseStatusFields = {
  conditions: z
    .array(ConditionSchema)
    .max(16)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .optional()
    .describe(
      "Accepted, ResolvedRefs and Programmed, and Ready over all three; others, such as Reconciling, Stalled, Drifted and Serving, where they apply.",
    ),
  observedGeneration: z.int().min(0).optional().describe("Generation of the spec that this status speaks of."),
  lastHandledReconcileAt: z
    .string()
    .optional()
    .describe(
      "The last value of the annotation kjo.dev/reconcile (or reconcile.fluxcd.io/requestedAt) that has been answered.",
    ),
};

/** Where the object's entities live; cleanup goes there, also when the reference has changed since. */
export const GatewayStatus = z.strictObject({
  name: z.string().describe("Name of the KongGateway."),
  namespace: z.string().describe("Namespace of the KongGateway."),
  instance: z.string().describe("Instance under which the entities are marked as ours."),
});
export type GatewayStatus = z.infer<typeof GatewayStatus>;

/** The entity an object has become. */
export const KongStatus = z.strictObject({
  id: z.string().describe("UUID of the entity in Kong."),
  name: z.string().optional().describe("Name of the entity in Kong."),
});
export type KongStatus = z.infer<typeof KongStatus>;

/** Status of every kind that lives on a gateway. */
export const entityStatusFields = {
  ...baseStatusFields,
  gateway: GatewayStatus.optional().describe("The gateway on which the object's entities live."),
};
