import type { KongRouteSpec } from "../api/v1alpha1/kong-route.ts";
import type { JsonObject } from "../model/json.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, type KindTranslation, type ObjectReference } from "./translation.ts";
import { verificationOf, verificationSecrets } from "./verification.ts";

export const kongRouteTranslation: KindTranslation<KongRouteSpec> = {
  kind: "KongRoute",

  references(namespace, spec) {
    return {
      objects: spec.serviceRef ? [serviceReference(namespace, spec.serviceRef.name)] : [],
      secrets: verificationSecrets(spec),
    };
  },

  translate(spec, context) {
    const fields: JsonObject = { name: context.defaultName, ...kongFields(spec, ["serviceRef", "verify"]) };
    if (spec.serviceRef) {
      fields["service"] = { id: context.idOf(serviceReference(context.owner.namespace, spec.serviceRef.name)) };
    }
    return [entity(context, "routes", fields, { tags: spec.tags })];
  },

  verification: verificationOf,
};

function serviceReference(namespace: string, name: string): ObjectReference {
  return { field: "spec.serviceRef", to: { kind: "KongService", namespace, name }, type: "services" };
}
