import { z } from "zod";
import { mapListOf, setOf } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { LocalRef, SecretRef } from "../references.ts";
import { withRules } from "../rules.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { entityFields } from "./common.ts";

/** Algorithms of which the operator makes keys. */
export const GENERATED_ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "EdDSA",
] as const;

/** One credential. Its Secret's keys are the names of Kong's fields. */
export const Credential = withRules(
  z.strictObject({
    type: z
      .enum(["jwt", "key-auth", "basic-auth", "hmac-auth", "oauth2"])
      .describe("Plugin that the credential is for."),
    secretRef: SecretRef.describe(
      "The Secret with the credential. Its keys are named like Kong's fields: " +
        "jwt takes key and secret or rsa_public_key, and algorithm; key-auth key, and ttl; basic-auth username and password; " +
        "hmac-auth username and secret; oauth2 name, client_id and client_secret, and redirect_uris, client_type and hash_secret.",
    ),
    generate: z
      .boolean()
      .optional()
      .describe(
        "Whether the operator makes the credential and writes the Secret where it does not exist. It needs the right to create Secrets in the namespace.",
      ),
    algorithm: z
      .enum(GENERATED_ALGORITHMS)
      .optional()
      .describe(
        "Algorithm of a generated jwt credential, HS256 by default. With RS, ES and EdDSA the Secret gets private_key too, which stays in the cluster.",
      ),
  }),
  [
    {
      cel: "!has(self.algorithm) || (self.type == 'jwt' && has(self.generate) && self.generate)",
      message: "only goes with generate: true and type jwt; otherwise the Secret's key algorithm says it",
      at: "algorithm",
      holds: ({ algorithm, type, generate }) => algorithm === undefined || (type === "jwt" && generate === true),
    },
  ],
);
export type Credential = z.infer<typeof Credential>;

const credentials = withRules(z.array(Credential).max(64), [
  {
    cel: "self.all(a, self.exists_one(b, a.type == b.type && a.secretRef.name == b.secretRef.name))",
    message: "must not hold the same type and Secret twice",
    holds: (list) => new Set(list.map(({ type, secretRef }) => `${type}/${secretRef.name}`)).size === list.length,
  },
]);

/** A consumer in Kong with its groups and credentials. */
export const KongConsumerSpec = z
  .strictObject({
    username: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe(
        "Name of the consumer in Kong. By default <namespace>.<name>, or <name> where the gateway's naming is Plain.",
      ),
    custom_id: z.string().min(1).max(512).optional().describe("Id of the consumer in another system."),
    groups: setOf(z.string().min(1).max(256), 64).optional().describe("Groups of the consumer, for the acl plugin."),
    consumerGroups: mapListOf(LocalRef, "name", 64)
      .optional()
      .describe("KongConsumerGroups that the consumer is a member of; only Kong Gateway Enterprise has them."),
    credentials: credentials.optional().describe("What the consumer proves its identity with."),
    ...entityFields("consumer"),
  })
  .describe("What the consumer in Kong should be. Fields of Kong's own keep its names.");
export type KongConsumerSpec = z.infer<typeof KongConsumerSpec>;

export const KongConsumerStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The consumer in Kong."),
  credentials: z.int().min(0).optional().describe("How many credentials the consumer has in Kong."),
});
export type KongConsumerStatus = z.infer<typeof KongConsumerStatus>;

export const KongConsumer: KindDefinition<KongConsumerSpec, KongConsumerStatus> = {
  kind: "KongConsumer",
  plural: "kongconsumers",
  singular: "kongconsumer",
  shortNames: ["kjc"],
  categories: [CATEGORY],
  description: "A consumer in Kong: who sends requests, with the credentials and groups by which plugins know it.",
  specSchema: KongConsumerSpec,
  statusSchema: KongConsumerStatus,
  printerColumns: [
    {
      name: "Kong name",
      type: "string",
      jsonPath: ".status.kong.name",
      description: "Username of the consumer in Kong",
    },
    { name: "Credentials", type: "integer", jsonPath: ".status.credentials" },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
