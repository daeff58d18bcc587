import { z } from "zod";
import { kongName, setOf, text } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { LocalRef } from "../references.ts";
import { celHasAny, isSet, withRules, withTransitionRules } from "../rules.ts";
import { entityStatusFields } from "../status.ts";
import { entityFields, PROTOCOLS } from "./common.ts";
import { configFields } from "./config-fields.ts";

const pluginName = () =>
  text({
    maxLength: 128,
    pattern: "^[-_0-9A-Za-z]+$",
    message: "must be the name of a plugin: letters, digits, '-' and '_'",
  });

const REFERENCES = ["serviceRef", "routeRef", "consumerRef", "consumerGroupRef"] as const;

/** One plugin in Kong: what stands in one entry applies together. */
export const PluginTarget = withRules(
  z.strictObject({
    serviceRef: LocalRef.optional().describe("The KongService on whose requests the plugin acts."),
    routeRef: LocalRef.optional().describe("The KongRoute on whose requests the plugin acts."),
    consumerRef: LocalRef.optional().describe("The KongConsumer on whose requests the plugin acts."),
    consumerGroupRef: LocalRef.optional().describe("The KongConsumerGroup on whose members' requests the plugin acts."),
  }),
  [
    {
      cel: celHasAny(...REFERENCES),
      message: `at least one of ${REFERENCES.join(", ")} must be set: a plugin without any acts on every request; scope: Global says that`,
      holds: (target) => REFERENCES.some((reference) => isSet(target[reference])),
    },
  ],
);
export type PluginTarget = z.infer<typeof PluginTarget>;

const phase = () =>
  z
    .strictObject({
      access: z.array(pluginName()).min(1).max(32).describe("Names of plugins, for the access phase."),
    })
    .optional();

const fields = z.strictObject({
  plugin: pluginName().describe("Name of the plugin, such as rate-limiting. Cannot be changed."),
  instance_name: kongName()
    .optional()
    .describe("Name of this instance of the plugin in Kong; only with a single target."),
  enabled: z.boolean().optional().describe("Whether the plugin is applied."),
  protocols: setOf(z.enum(PROTOCOLS), 8)
    .min(1)
    .optional()
    .describe("Protocols of the requests on which the plugin acts."),
  ordering: z
    .strictObject({
      before: phase().describe("Plugins that run after this one."),
      after: phase().describe("Plugins that run before this one."),
    })
    .optional()
    .describe("Order among the plugins of a request, for gateways that can change it."),
  ...configFields("plugin"),
  targets: z
    .array(PluginTarget)
    .min(1)
    .max(64)
    .optional()
    .describe("Where the plugin acts: one plugin in Kong an entry."),
  scope: z.enum(["Global"]).optional().describe("Global: the plugin acts on every request of the gateway."),
  ...entityFields("plugin"),
});

/** Plugins cannot be told apart by a name that they share, nor be one and the same entity. */
const CEL_MANY = "(has(self.targets) && size(self.targets) > 1)";
const isMany = (spec: z.output<typeof fields>): boolean => (spec.targets?.length ?? 0) > 1;

/** A plugin in Kong, for each of its targets or for all requests. */
export const KongPluginBindingSpec = withTransitionRules(
  withRules(fields, [
    {
      cel: "has(self.targets) != has(self.scope)",
      message:
        "exactly one of targets and scope must be set: targets names where the plugin acts, scope: Global means everywhere",
      holds: (spec) => isSet(spec.targets) !== isSet(spec.scope),
    },
    {
      cel: `!has(self.instance_name) || !${CEL_MANY}`,
      message:
        "instance_name needs a single target, because it is unique in Kong: remove it or write one KongPluginBinding a target",
      at: "instance_name",
      holds: (spec) => !isSet(spec.instance_name) || !isMany(spec),
    },
    {
      cel: `!has(self.adopt) || !has(self.adopt.id) || !${CEL_MANY}`,
      message: "adopt.id needs a single target: remove it or write one KongPluginBinding a target",
      at: "adopt.id",
      holds: (spec) => !isSet(spec.adopt?.id) || !isMany(spec),
    },
    {
      cel: "!has(self.targets) || self.targets.all(a, self.targets.exists_one(b, a == b))",
      message: "targets must not hold the same entry twice",
      at: "targets",
      holds: ({ targets = [] }) => new Set(targets.map(targetKey)).size === targets.length,
    },
  ]),
  [
    {
      cel: "self.plugin == oldSelf.plugin",
      message: "plugin cannot be changed: create another KongPluginBinding",
      at: "plugin",
    },
  ],
).describe("Which plugin, how it is configured and where it acts.");
export type KongPluginBindingSpec = z.infer<typeof KongPluginBindingSpec>;

function targetKey(target: PluginTarget): string {
  return REFERENCES.map((reference) => target[reference]?.name ?? "").join("/");
}

export const KongPluginBindingStatus = z.strictObject({
  ...entityStatusFields,
  plugins: z
    .array(
      z.strictObject({
        id: z.string().describe("UUID of the plugin in Kong."),
        target: z.string().describe("What it acts on, such as service.users+consumer.alice, or global."),
      }),
    )
    .max(64)
    .optional()
    .describe("The plugins in Kong, one a target."),
});
export type KongPluginBindingStatus = z.infer<typeof KongPluginBindingStatus>;

export const KongPluginBinding: KindDefinition<KongPluginBindingSpec, KongPluginBindingStatus> = {
  kind: "KongPluginBinding",
  plural: "kongpluginbindings",
  singular: "kongpluginbinding",
  shortNames: ["kjpb"],
  categories: [CATEGORY],
  description: "A plugin in Kong and where it acts: on services, routes and consumers, or on every request.",
  specSchema: KongPluginBindingSpec,
  statusSchema: KongPluginBindingStatus,
  printerColumns: [
    { name: "Plugin", type: "string", jsonPath: ".spec.plugin" },
    { name: "Acts on", type: "string", jsonPath: ".status.plugins[*].target", priority: 1 },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
