import { z } from "zod";
import { kongTag, setOf, uuid } from "../fields.ts";
import { GatewayRef } from "../references.ts";

export const DeletionPolicy = z.enum(["Delete", "Orphan"]);
export type DeletionPolicy = z.infer<typeof DeletionPolicy>;

/** Leave to take over an entity that is not ours. */
export const Adopt = z.strictObject({
  mode: z
    .enum(["match", "override"])
    .describe(
      "match takes the entity over only if it is already as the object describes it; override takes it over and changes it.",
    ),
  id: uuid().optional().describe("UUID of the entity; by default it is found by its name in Kong."),
});
export type Adopt = z.infer<typeof Adopt>;

export const PROTOCOLS = ["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export function tagsField(of: string, maxItems = 32) {
  return setOf(kongTag(), maxItems)
    .optional()
    .describe(`Tags of the ${of} in Kong, beside those by which the operator marks it. None may begin with kjo.`);
}

/** Fields of every kind that lives on a gateway. */
export function entityFields(entity: string) {
  return {
    gatewayRef: GatewayRef.optional().describe(
      "The gateway to configure. By default the KongGateway named default in the object's namespace, else the one in the operator's.",
    ),
    tags: tagsField(entity),
    deletionPolicy: DeletionPolicy.optional().describe(
      `What becomes of the ${entity} when the object is deleted: Delete removes it from Kong, Orphan leaves it there without our marks. The gateway's deletionPolicy unless set.`,
    ),
    adopt: Adopt.optional().describe(
      `Take over the ${entity} that already exists in Kong. Without it such a clash is a conflict and nothing is written.`,
    ),
  };
}
