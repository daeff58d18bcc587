import { z } from "zod";
import type { JsonObject } from "../../model/json.ts";
import { mapListOf, text } from "../fields.ts";
import { SecretKeyRef } from "../references.ts";

const ConfigPatch = z.strictObject({
  path: text({
    maxLength: 512,
    pattern: "^(/([^/~]|~[01])+)+$",
    message: "must be a JSON pointer into config, such as /redis/password; ~1 stands for '/' and ~0 for '~'",
  }).describe("Where the value goes: a JSON pointer (RFC 6901) into config."),
  valueFrom: z
    .strictObject({ secretKeyRef: SecretKeyRef.describe("The value, taken as text.") })
    .describe("Where the value comes from."),
});

/** The configuration of a plugin or a vault: as it is, and from Secrets. Only the gateway knows its fields. */
export function configFields(of: string) {
  return {
    config: freeObject(128)
      .optional()
      .describe(
        `Configuration of the ${of}, as in Kong's documentation of it. Secrets belong in configFrom or configPatches.`,
      ),
    configFrom: z
      .strictObject({ secretKeyRef: SecretKeyRef.describe("A value that is an object in JSON or YAML.") })
      .optional()
      .describe("Configuration from a Secret; a field that config sets too is taken from config."),
    configPatches: mapListOf(ConfigPatch, "path", 64)
      .optional()
      .describe("Single values from Secrets, put into the configuration last."),
  };
}

function freeObject(maxProperties: number): z.ZodType<JsonObject> {
  return z.record(z.string(), z.unknown()).meta({ maxProperties }) as unknown as z.ZodType<JsonObject>;
}
