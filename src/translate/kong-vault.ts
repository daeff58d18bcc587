import { VAULT_PREFIX, type KongVaultSpec } from "../api/v1alpha1/kong-vault.ts";
import { InvalidSpecError } from "../errors.ts";
import { assembleConfig, CONFIG_FIELDS, configSecrets } from "./config.ts";
import { kongFields } from "./kong-fields.ts";
import { entity, type KindTranslation } from "./translation.ts";

export const kongVaultTranslation: KindTranslation<KongVaultSpec> = {
  kind: "KongVault",

  references(_namespace, spec) {
    return { objects: [], secrets: configSecrets(spec) };
  },

  translate(spec, context) {
    const prefix = spec.prefix ?? defaultPrefix(context.defaultName);
    const { config, secretPaths } = assembleConfig(spec, context);
    const fields = { ...kongFields(spec, CONFIG_FIELDS), prefix, config };
    return [entity(context, "vaults", fields, { tags: spec.tags, secretPaths })];
  },
};

/** Kong takes no dot in a prefix. */
function defaultPrefix(name: string): string {
  const prefix = name.replaceAll(".", "-");
  if (new RegExp(VAULT_PREFIX).test(prefix)) return prefix;
  throw new InvalidSpecError(
    "InvalidSpec",
    `spec.prefix: is not set, and Kong does not take ${JSON.stringify(prefix)} for one: set a prefix that begins with a lower-case letter`,
  );
}
