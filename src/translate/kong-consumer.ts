import { createHash } from "node:crypto";
import type { KongConsumerSpec } from "../api/v1alpha1/kong-consumer.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { credentialEntity } from "./credential.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, type KindTranslation } from "./translation.ts";

export const kongConsumerTranslation: KindTranslation<KongConsumerSpec> = {
  kind: "KongConsumer",

  references(_namespace, spec) {
    const secrets = (spec.credentials ?? []).map(({ type, secretRef, generate, algorithm }, index) => ({
      field: `spec.credentials[${index}].secretRef`,
      name: secretRef.name,
      ...(generate ? { generate: { type, algorithm } } : {}),
    }));
    return { objects: [], secrets };
  },

  translate(spec, context) {
    const consumer = entity(
      context,
      "consumers",
      { username: context.defaultName, ...kongFields(spec, ["groups", "credentials"]) },
      { tags: spec.tags },
    );
    const groups = (spec.groups ?? []).map((group): KongEntity =>
      entity(
        context,
        "acls",
        { group: context.groupName(group), consumer: { id: consumer.id } },
        { part: `group.${tagSafe(group)}`, tags: spec.tags },
      ),
    );
    const credentials = (spec.credentials ?? []).map((credential, index) =>
      credentialEntity(context, credential, index, { consumerId: consumer.id, tags: spec.tags }),
    );
    return [consumer, ...groups, ...credentials];
  },
};

/** The text itself where a tag can hold it, else a digest of it. */
function tagSafe(text: string): string {
  return /^[\w.-]{1,60}$/.test(text) ? text : `sha256-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}
