import { parseDocument } from "yaml";
import type { KongPluginBindingSpec } from "../api/v1alpha1/kong-plugin-binding.ts";
import { InvalidSpecError, RefNotFoundError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import { setAtPath } from "./json-path.ts";
import { kongFields } from "./kong-fields.ts";
import {
  entity,
  type KindTranslation,
  type ObjectReference,
  type SecretReference,
  type TranslationContext,
} from "./translation.ts";

const OWN_FIELDS = ["plugin", "config", "configFrom", "configPatches", "targets", "scope"];

type Target = NonNullable<KongPluginBindingSpec["targets"]>[number];

/** The references one target can hold, with the kind they name and the field of the plugin they become. */
const SCOPES = [
  { ref: "serviceRef", kind: "KongService", type: "services", field: "service" },
  { ref: "routeRef", kind: "KongRoute", type: "routes", field: "route" },
  { ref: "consumerRef", kind: "KongConsumer", type: "consumers", field: "consumer" },
] as const;

export const kongPluginBindingTranslation: KindTranslation<KongPluginBindingSpec> = {
  kind: "KongPluginBinding",

  references(namespace, spec) {
    const objects = (spec.targets ?? []).flatMap((target, index) => targetReferences(namespace, target, index));
    const secrets: SecretReference[] = [];
    if (spec.configFrom)
      secrets.push({ field: "spec.configFrom.secretKeyRef", name: spec.configFrom.secretKeyRef.name });
    spec.configPatches?.forEach((patch, index) => {
      secrets.push({
        field: `spec.configPatches[${index}].valueFrom.secretKeyRef`,
        name: patch.valueFrom.secretKeyRef.name,
      });
    });
    return { objects, secrets };
  },

  translate(spec, context) {
    const { config, secretPaths } = assembleConfig(spec, context);
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

function targetReferences(namespace: string, target: Target, index: number): ObjectReference[] {
  const references: ObjectReference[] = SCOPES.flatMap(({ ref, kind, type }) => {
    const name = target[ref]?.name;
    return name === undefined ? [] : [{ field: `spec.targets[${index}].${ref}`, to: { kind, namespace, name }, type }];
  });
  if (target.consumerGroupRef) {
    const to = { kind: "KongConsumerGroup", namespace, name: target.consumerGroupRef.name };
    references.push({ field: `spec.targets[${index}].consumerGroupRef`, to, type: "consumers" });
  }
  return references;
}

function fieldOf(reference: ObjectReference): string {
  return SCOPES.find((scope) => scope.kind === reference.to.kind)?.field ?? "consumer_group";
}

/** The part names what the plugin acts on, so that it stays the same one when targets are reordered. */
function partOf(references: readonly ObjectReference[]): string {
  return references.map((reference) => `${fieldOf(reference)}.${reference.to.name}`).join("+");
}

/** `config`, with `configFrom` under it and `configPatches` over it; paths that came from a Secret are noted. */
function assembleConfig(
  spec: KongPluginBindingSpec,
  context: TranslationContext,
): { config: JsonObject; secretPaths: string[] } {
  const secretPaths: string[] = [];
  let config: JsonObject = {};
  if (spec.configFrom) {
    const { name, key } = spec.configFrom.secretKeyRef;
    config = parseConfig(
      secretValue(context, "spec.configFrom.secretKeyRef", name, key),
      `${context.owner.namespace}/${name}, key "${key}"`,
    );
    secretPaths.push("config");
  }
  config = { ...config, ...structuredClone((spec.config ?? {}) as JsonObject) };
  spec.configPatches?.forEach((patch, index) => {
    const { name, key } = patch.valueFrom.secretKeyRef;
    const field = `spec.configPatches[${index}]`;
    const value = secretValue(context, `${field}.valueFrom.secretKeyRef`, name, key);
    const steps = setAtPath(config, patch.path, value, `${field}.path`);
    secretPaths.push(["config", ...steps].join("."));
  });
  return { config, secretPaths };
}

function secretValue(context: TranslationContext, field: string, name: string, key: string): string {
  const value = context.secret(name)[key];
  if (value === undefined) {
    throw new RefNotFoundError(
      "SecretKeyMissing",
      `${field}: Secret ${context.owner.namespace}/${name} lacks the key "${key}"; add it`,
    );
  }
  return value;
}

/**
 * The parser's errors and warnings quote the text, which is secret: they are not passed on, nor does the parser print any
 * by itself. A warning counts as an error: `password: !abc` is a tag to YAML, and would come out as an empty password.
 */
function parseConfig(text: string, source: string): JsonObject {
  let value: Json | undefined;
  try {
    const document = parseDocument(text, { logLevel: "error", prettyErrors: false });
    if (document.errors.length + document.warnings.length === 0) value = document.toJS() as Json;
  } catch {
    // Aliases without end, or nested too deeply: the same as what cannot be read.
  }
  if (value === undefined) {
    throw new InvalidSpecError(
      "InvalidSecret",
      `spec.configFrom: Secret ${source} is neither JSON nor YAML; put values that begin with a special character in quotes`,
    );
  }
  if (!isJsonObject(value))
    throw new InvalidSpecError("InvalidSecret", `spec.configFrom: Secret ${source} holds no object`);
  return value;
}
