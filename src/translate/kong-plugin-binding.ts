import type { KongPluginBindingSpec } from "../api/v1alpha1/kong-plugin-binding.ts";
import { InvalidSpecError } from "../errors.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { assembleConfig, CONFIG_FIELDS, configSecrets } from "./config.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, type KindTranslation, type ObjectReference, type TranslationContext } from "./translation.ts";

const OWN_FIELDS = ["plugin", ...CONFIG_FIELDS, "targets", "scope"];

type Target = NonNullable<KongPluginBindingSpec["targets"]>[number];

/** The references one target can hold, with the kind they name and the field of the plugin they become. */
const SCOPES = [
  { ref: "serviceRef", kind: "KongService", type: "services", field: "service" },
  { ref: "routeRef", kind: "KongRoute", type: "routes", field: "route" },
  { ref: "consumerRef", kind: "KongConsumer", type: "consumers", field: "consumer" },
  { ref: "consumerGroupRef", kind: "KongConsumerGroup", type: "consumer_groups", field: "consumer_group" },
] as const;

export const kongPluginBindingTranslation: KindTranslation<KongPluginBindingSpec> = {
  kind: "KongPluginBinding",

  references(namespace, spec) {
    const objects = (spec.targets ?? []).flatMap((target, index) => targetReferences(namespace, target, index));
    return { objects, secrets: configSecrets(spec) };
  },

  translate(spec, context) {
    const { config: written, secretPaths } = assembleConfig(spec, context);
    const config = spec.plugin === "acl" ? withGroupNames(written, context) : written;
    const fields: JsonObject = { name: spec.plugin, ...kongFields(spec, OWN_FIELDS), config };
    if (spec.scope === "Global")
      return [entity(context, "plugins", fields, { part: "global", tags: spec.tags, secretPaths })];
    return (spec.targets ?? []).map((target, index): KongEntity => {
      const references = targetReferences(context.owner.namespace, target, index);
      // A plugin without a scope would act on the whole gateway: it never comes from an empty target.
      if (references.length === 0)
        throw new InvalidSpecError(
          "InvalidSpec",
          `spec.targets[${index}]: names nothing; add serviceRef, routeRef or consumerRef`,
        );
      const scope = Object.fromEntries(
        references.map((reference) => [fieldOf(reference), { id: context.idOf(reference) }]),
      );
      return entity(
        context,
        "plugins",
        { ...fields, ...scope },
        { part: partOf(references), tags: spec.tags, secretPaths },
      );
    });
  },
};

/** The groups that the acl plugin allows and denies, under the names that consumers of the same namespace have them by. */
function withGroupNames(config: JsonObject, { groupName }: TranslationContext): JsonObject {
  const named = (value: Json): Json => (typeof value === "string" ? groupName(value) : value);
  const lists = ["allow", "deny"].flatMap((field): [string, Json][] => {
    const groups = config[field];
    return Array.isArray(groups) ? [[field, groups.map(named)]] : [];
  });
  return { ...config, ...Object.fromEntries(lists) };
}

function targetReferences(namespace: string, target: Target, index: number): ObjectReference[] {
  return SCOPES.flatMap(({ ref, kind, type }) => {
    const name = target[ref]?.name;
    return name === undefined ? [] : [{ field: `spec.targets[${index}].${ref}`, to: { kind, namespace, name }, type }];
  });
}

function fieldOf({ to }: ObjectReference): string {
  const scope = SCOPES.find(({ kind }) => kind === to.kind);
  if (!scope) throw new Error(`no scope of a plugin: ${to.kind}`);
  return scope.field;
}

/** The part names what the plugin acts on, so that it stays the same one when targets are reordered. */
function partOf(references: readonly ObjectReference[]): string {
  return references.map((reference) => `${fieldOf(reference)}.${reference.to.name}`).join("+");
}
