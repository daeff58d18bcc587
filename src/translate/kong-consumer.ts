import { createHash } from "node:crypto";
import type { KongConsumerSpec } from "../api/v1alpha1/kong-consumer.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { membershipId, membershipPart } from "../model/membership.ts";
import { credentialEntity } from "./credential.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, type KindTranslation, type ObjectReference, type TranslationContext } from "./translation.ts";

export const kongConsumerTranslation: KindTranslation<KongConsumerSpec> = {
  kind: "KongConsumer",

  references(namespace, spec) {
    const secrets = (spec.credentials ?? []).map(({ type, secretRef, generate, algorithm }, index) => ({
      field: `spec.credentials[${index}].secretRef`,
      name: secretRef.name,
      ...(generate ? { generate: { type, algorithm } } : {}),
    }));
    return { objects: groupReferences(namespace, spec), secrets };
  },

  translate(spec, context) {
    const consumer = entity(
      context,
      "consumers",
      { username: context.defaultName, ...kongFields(spec, ["groups", "consumerGroups", "credentials"]) },
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
    const memberships = groupReferences(context.owner.namespace, spec).map((reference): KongEntity =>
      membership(context, consumer.id, reference),
    );
    return [consumer, ...memberships, ...groups, ...credentials];
  },
};

function groupReferences(namespace: string, { consumerGroups = [] }: KongConsumerSpec): ObjectReference[] {
  return consumerGroups.map(({ name }, index) => ({
    field: `spec.consumerGroups[${index}]`,
    to: { kind: "KongConsumerGroup", namespace, name },
    type: "consumer_groups",
  }));
}

function membership(context: TranslationContext, consumerId: string, reference: ObjectReference): KongEntity {
  const groupId = context.idOf(reference);
  return {
    type: "consumer_group_consumers",
    id: membershipId(groupId, consumerId),
    part: membershipPart(reference.to.name),
    owner: context.owner,
    fields: { consumer: { id: consumerId }, consumer_group: { id: groupId } },
  };
}

/** The text itself where a tag can hold it, else a digest of it. */
function tagSafe(text: string): string {
  return /^[\w.-]{1,60}$/.test(text) ? text : `sha256-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}
