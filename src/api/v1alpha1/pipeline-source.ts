import { z } from "zod";
import { integer, objectName, secretKey, setOf, text } from "../fields.ts";
import { LocalRef } from "../references.ts";
import { isSet, withRules } from "../rules.ts";
import { LabelSelector } from "./allowed-namespaces.ts";

const imagePattern = () => z.string().min(1).max(512);

const Images = z.strictObject({
  include: setOf(imagePattern(), 32)
    .optional()
    .describe(
      "Globs of images that count, such as registry.example/shop/*; all unless set. * stays within one part of the name, ** does not.",
    ),
  exclude: setOf(imagePattern(), 32).optional().describe("Globs of images that do not count."),
});

const TagPolicy = withRules(
  z.strictObject({
    semver: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe("Range of versions that the tag must be in, such as >=1.4 <2."),
    regex: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe("Regular expression (RE2) that the tag must match as a whole."),
    direction: z
      .enum(["Any", "Up"])
      .default("Any")
      .describe("Up fires only when the version is higher than the one before; it needs semver."),
  }),
  [
    {
      cel: "self.direction != 'Up' || has(self.semver)",
      message: "direction: Up needs semver: write semver: '*' for any version",
      at: "direction",
      holds: (policy) => policy.direction !== "Up" || isSet(policy.semver),
    },
  ],
);

/** Deployments of the trigger's namespace whose images start builds. */
export const DeploymentSource = withRules(
  z.strictObject({
    name: objectName().optional().describe("Name of the Deployment."),
    selector: LabelSelector.optional().describe("Labels of the Deployments, instead of a name."),
    containers: setOf(objectName(), 32)
      .optional()
      .describe("Names of the containers whose images count; all unless set."),
    initContainers: z.boolean().default(false).describe("Whether images of init containers count too."),
    compare: z
      .enum(["Reference", "Digest", "Repository"])
      .default("Reference")
      .describe(
        "What makes another image: Reference any change of it, Digest another digest (an image without one does not count), Repository another registry or repository.",
      ),
    images: Images.optional().describe("Which images count."),
    tagPolicy: TagPolicy.optional().describe("Which tags count."),
    fireOn: z
      .enum(["SpecChange", "RolloutComplete"])
      .default("SpecChange")
      .describe("SpecChange fires when the Deployment names the image, RolloutComplete when its Pods run it."),
    when: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe("CEL over deployment, image and previous; fires only where it is true."),
  }),
  [
    {
      cel: "has(self.name) != has(self.selector)",
      message: "exactly one of name and selector must be set",
      holds: (source) => isSet(source.name) !== isSet(source.selector),
    },
  ],
);
export type DeploymentSource = z.infer<typeof DeploymentSource>;

export const ScheduleSource = z.strictObject({
  cron: z
    .string()
    .min(1)
    .max(2048)
    .describe("Lines in Jenkins' syntax, H included: H H(0-7) * * 1-5. Day of month and day of week must both match."),
  timeZone: text({
    maxLength: 64,
    pattern: "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$",
    message: "must be the name of a time zone, such as Europe/Rome",
  })
    .optional()
    .describe("Time zone of the schedule; UTC unless set here or by a first line TZ=."),
  startingDeadlineSeconds: integer(10, 604800)
    .default(300)
    .describe("How late a build may be started that was missed, such as while the operator did not run."),
});
export type ScheduleSource = z.infer<typeof ScheduleSource>;

export const AfterSource = z.strictObject({
  triggerRef: LocalRef.describe("The PipelineTrigger whose builds are waited for."),
  result: z.enum(["Success", "Failure", "Any"]).default("Success").describe("How such a build must have ended."),
});
export type AfterSource = z.infer<typeof AfterSource>;

export const WebhookSource = z.strictObject({
  secretRef: z
    .strictObject({
      name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
      key: secretKey().default("token").describe("Key of the secret that callers must show."),
    })
    .describe("What callers prove themselves with: as a bearer token, or as the key of an HMAC over the body."),
});
export type WebhookSource = z.infer<typeof WebhookSource>;

const SOURCES = ["deployment", "schedule", "after", "webhook"] as const;

/** What starts builds. */
export const PipelineSource = withRules(
  z.strictObject({
    deployment: DeploymentSource.optional().describe("A new image of a Deployment in the same namespace."),
    schedule: ScheduleSource.optional().describe("The clock."),
    after: AfterSource.optional().describe("The end of another trigger's build."),
    webhook: WebhookSource.optional().describe("A request to the operator."),
  }),
  [
    {
      cel: SOURCES.map((source) => `(has(self.${source}) ? 1 : 0)`).join(" + ") + " == 1",
      message: `exactly one of ${SOURCES.join(", ")} must be set`,
      holds: (source) => SOURCES.filter((name) => isSet(source[name])).length === 1,
    },
  ],
);
export type PipelineSource = z.infer<typeof PipelineSource>;
