import { z } from "zod";
import { text } from "../fields.ts";
import { isSet, withRules } from "../rules.ts";

const labelKey = () =>
  text({
    maxLength: 317,
    pattern: "^([-.a-z0-9]{1,253}/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$",
    message: "must be the key of a label",
  });

/** Empty is a value of its own. */
const labelValue = () => z.string().max(63);

const Requirement = withRules(
  z.strictObject({
    key: labelKey().describe("Key of the label."),
    operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How the label is compared with values."),
    values: z.array(labelValue()).max(64).optional().describe("Values to compare with, for In and NotIn."),
  }),
  [
    {
      cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: "values must be set for In and NotIn, and only for them",
      at: "values",
      holds: ({ operator, values }) =>
        (operator === "In" || operator === "NotIn") === (isSet(values) && values?.length !== 0),
    },
  ],
);

/** metav1.LabelSelector. Empty, it selects every namespace. */
export const LabelSelector = z.strictObject({
  matchLabels: z
    .record(z.string(), labelValue())
    .meta({ maxProperties: 32 })
    .optional()
    .describe("Labels that must be there with these values."),
  matchExpressions: z.array(Requirement).max(32).optional().describe("Requirements that must all be met."),
});
export type LabelSelector = z.infer<typeof LabelSelector>;

/** Which namespaces' objects may use what carries it. */
export const AllowedNamespaces = withRules(
  z.strictObject({
    from: z
      .enum(["Same", "All", "Selector"])
      .default("Same")
      .describe("Same admits the gateway's own namespace, All every one, Selector those whose labels match."),
    selector: LabelSelector.optional().describe("Labels of the namespaces that are admitted, for from: Selector."),
  }),
  [
    {
      cel: "(self.from == 'Selector') == has(self.selector)",
      message: "selector must be set when from is Selector, and only then",
      at: "selector",
      holds: (allowed) => (allowed.from === "Selector") === isSet(allowed.selector),
    },
  ],
);
export type AllowedNamespaces = z.infer<typeof AllowedNamespaces>;
