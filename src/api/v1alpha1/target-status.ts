import { z } from "zod";

const TargetHealth = z.strictObject({
  target: z.string().describe("Address of the target."),
  weight: z.int().min(0).describe("Weight of the target in Kong."),
  health: z
    .string()
    .optional()
    .describe(
      "As the gateway sees it: HEALTHY, UNHEALTHY, DNS_ERROR (its name leads nowhere) or HEALTHCHECKS_OFF; absent until the gateway has built it in.",
    ),
});

/** Status of every kind that has targets in Kong. */
export const targetStatusFields = {
  targets: z.int().min(0).optional().describe("How many targets the upstream has in Kong."),
  unhealthyTargets: z.int().min(0).optional().describe("How many of them the gateway does not send requests to."),
  targetHealth: z
    .array(TargetHealth)
    .max(100)
    .optional()
    .describe("The targets as the gateway sees them, the unhealthy first; at most 100 of them."),
};
