import { z } from "zod";
import { integer, mapListOf, namespaceName, objectName } from "../fields.ts";
import { LocalRef } from "../references.ts";
import { isSet, withRules } from "../rules.ts";

export const ChannelRef = z.strictObject({
  name: objectName().describe("Name of the NotificationChannel."),
  namespace: namespaceName()
    .optional()
    .describe(
      "Namespace of the NotificationChannel; the object's own unless set. Its allowedNamespaces must admit the object.",
    ),
});
export type ChannelRef = z.infer<typeof ChannelRef>;

const Notify = z.strictObject({
  channelRef: ChannelRef.describe("Where the message goes."),
  template: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe("Liquid template of the message's text; the channel's, else a usual one, unless set."),
});

const Step = z.strictObject({
  weights: mapListOf(
    z.strictObject({
      backend: integer(0, 63).describe("Which of the KongUpstream's backends, by its position from 0."),
      weight: integer(0, 65535).describe("Its share from now on."),
    }),
    "backend",
    64,
  ).describe("Shares of the backends; those that are not named keep theirs."),
  pauseSeconds: integer(0, 86400).default(0).describe("How long to wait before the next step."),
});

const ShiftTraffic = z.strictObject({
  upstreamRef: LocalRef.describe("The KongUpstream whose backends share the traffic."),
  steps: z.array(Step).min(1).max(32).describe("Shares one after the other."),
});

const RefreshGateway = z.strictObject({});

const Rollback = z.strictObject({
  force: z
    .boolean()
    .default(false)
    .describe("Also where Argo CD or Flux manages the Deployment, which will put back what Git says."),
});

const ACTIONS = ["notify", "refreshGateway", "shiftTraffic", "rollback"] as const;

/** What is done after a build. */
export const PipelineAction = withRules(
  z.strictObject({
    notify: Notify.optional().describe("Sends a message."),
    refreshGateway: RefreshGateway.optional().describe(
      "Compares the gateway's objects of the namespace with Kong now, repairs them and verifies their routes.",
    ),
    shiftTraffic: ShiftTraffic.optional().describe("Changes the shares of a KongUpstream's backends, step by step."),
    rollback: Rollback.optional().describe(
      "Gives the Deployment the images of its last successful build. Only in namespaces that the chart lists.",
    ),
  }),
  [
    {
      cel: ACTIONS.map((action) => `(has(self.${action}) ? 1 : 0)`).join(" + ") + " == 1",
      message: `exactly one of ${ACTIONS.join(", ")} must be set in an entry`,
      holds: (action) => ACTIONS.filter((name) => isSet(action[name])).length === 1,
    },
  ],
);
export type PipelineAction = z.infer<typeof PipelineAction>;
