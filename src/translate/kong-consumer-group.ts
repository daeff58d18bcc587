import type { KongConsumerGroupSpec } from "../api/v1alpha1/kong-consumer-group.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, NO_REFERENCES, type KindTranslation } from "./translation.ts";

export const kongConsumerGroupTranslation: KindTranslation<KongConsumerGroupSpec> = {
  kind: "KongConsumerGroup",

  references() {
    return NO_REFERENCES;
  },

  translate(spec, context) {
    const fields = { name: context.defaultName, ...kongFields(spec) };
    return [entity(context, "consumer_groups", fields, { tags: spec.tags })];
  },
};
