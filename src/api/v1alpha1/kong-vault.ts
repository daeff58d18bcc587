import { z } from "zod";
import { text } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { entityFields } from "./common.ts";
import { configFields } from "./config-fields.ts";

/** Kong's own pattern of a vault's prefix, which the prefix of an object that chooses none must fit too. */
export const VAULT_PREFIX = "^[a-z][-a-z0-9]*[a-z0-9]$";

/** A vault in Kong. */
export const KongVaultSpec = z
  .strictObject({
    name: text({
      maxLength: 128,
      pattern: "^[-_0-9A-Za-z]+$",
      message: "must be the name of a vault: letters, digits, '-' and '_'",
    }).describe("Type of the vault, such as env, hcv, aws, gcp or azure; the gateway must have it."),
    prefix: text({
      maxLength: 128,
      pattern: VAULT_PREFIX,
      message: "must begin with a lower-case letter, go on with at least one of a-z, 0-9 and '-', and not end with '-'",
    })
      .optional()
      .describe(
        "What references begin with: {vault://PREFIX/…}. By default <namespace>-<name>, or <name> where the gateway's naming is Plain.",
      ),
    description: z.string().min(1).max(1024).optional().describe("What the vault is for."),
    ...configFields("vault"),
    ...entityFields("vault"),
  })
  .describe("Which vault, and how Kong reaches it.");
export type KongVaultSpec = z.infer<typeof KongVaultSpec>;

export const KongVaultStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The vault in Kong; its name is the prefix."),
});
export type KongVaultStatus = z.infer<typeof KongVaultStatus>;

export const KongVault: KindDefinition<KongVaultSpec, KongVaultStatus> = {
  kind: "KongVault",
  plural: "kongvaults",
  singular: "kongvault",
  shortNames: ["kjv"],
  categories: [CATEGORY],
  description: "A vault in Kong: where it looks up what {vault://…} references name.",
  specSchema: KongVaultSpec,
  statusSchema: KongVaultStatus,
  printerColumns: [
    { name: "Prefix", type: "string", jsonPath: ".status.kong.name", description: "Prefix of the vault in Kong" },
    { name: "Vault", type: "string", jsonPath: ".spec.name", description: "Type of the vault" },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
