import { parseDocument } from "yaml";
import { InvalidSpecError, RefNotFoundError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { setAtPath } from "./json-path.ts";
import type { SecretReference, TranslationContext } from "./translation.ts";

/** The part of a spec that makes up the configuration of a plugin or a vault. */
export interface ConfigSpec {
  readonly config?: JsonObject | undefined;
  readonly configFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } } | undefined;
  readonly configPatches?:
    | readonly {
        readonly path: string;
        readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
      }[]
    | undefined;
}

/** Fields of a spec that {@link assembleConfig} reads. */
export const CONFIG_FIELDS = ["config", "configFrom", "configPatches"];

/** The Secrets that the configuration takes values from. */
export function configSecrets(spec: ConfigSpec): SecretReference[] {
  const secrets: SecretReference[] = [];
  if (spec.configFrom) secrets.push({ field: "spec.configFrom.secretKeyRef", name: spec.configFrom.secretKeyRef.name });
  spec.configPatches?.forEach((patch, index) => {
    secrets.push({
      field: `spec.configPatches[${index}].valueFrom.secretKeyRef`,
      name: patch.valueFrom.secretKeyRef.name,
    });
  });
  return secrets;
}

/**
 * `config`, with `configFrom` under it and `configPatches` over it; paths that came from a Secret are noted.
 * @throws RefNotFoundError naming the Secret and the key that it lacks, InvalidSpecError one that cannot be used.
 */
export function assembleConfig(
  spec: ConfigSpec,
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
  config = { ...config, ...structuredClone(spec.config ?? {}) };
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
