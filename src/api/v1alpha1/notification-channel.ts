import { z } from "zod";
import { integer, objectName, setOf, text } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { isSet, withRules } from "../rules.ts";
import { baseStatusFields } from "../status.ts";
import { AllowedNamespaces } from "./allowed-namespaces.ts";

export const CHANNEL_TYPES = ["dingtalk", "wecom", "feishu", "slack", "email", "webhook"] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

const address = () =>
  text({
    maxLength: 254,
    pattern: '^[^@\\s<>"]+@[^@\\s<>"]+$',
    message: "must be an e-mail address: name@host",
  });

const Email = z.strictObject({
  host: z.string().min(1).max(255).describe("Host name of the mail server."),
  port: integer(1, 65535).default(587).describe("Port of the mail server."),
  tls: z
    .enum(["StartTLS", "TLS", "None"])
    .default("StartTLS")
    .describe("StartTLS encrypts after a greeting, TLS from the first byte, None never: then no password is sent."),
  from: address().describe("Sender."),
  to: setOf(address(), 32).min(1).describe("Recipients."),
});

/** Where messages about builds go. */
export const NotificationChannelSpec = withRules(
  z.strictObject({
    type: z.enum(CHANNEL_TYPES).describe("What receives the messages."),
    secretRef: z
      .strictObject({
        name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
      })
      .optional()
      .describe(
        "The channel's secret: url (the robot's or webhook's whole address) and, where messages are signed, secret; for email username and password.",
      ),
    email: Email.optional().describe("The mail server and who is written to, for type: email."),
    template: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe("Liquid template of a message's text, over build, trigger, image, namespace and outcome."),
    mentions: setOf(z.string().min(1).max(64), 32)
      .optional()
      .describe("Whom a message about a failure mentions: phone numbers or ids, as the type takes them."),
    allowedNamespaces: AllowedNamespaces.prefault({}).describe(
      "Namespaces whose PipelineTriggers may use the channel.",
    ),
    timeoutMs: integer(500, 60000).default(10000).describe("Milliseconds to wait for an answer."),
  }),
  [
    {
      cel: "(self.type == 'email') == has(self.email)",
      message: "email must be set for type: email, and only for it",
      at: "email",
      holds: (spec) => (spec.type === "email") === isSet(spec.email),
    },
    {
      cel: "self.type == 'email' || has(self.secretRef)",
      message: "secretRef must be set: the address of the robot or webhook is a secret",
      at: "secretRef",
      holds: (spec) => spec.type === "email" || isSet(spec.secretRef),
    },
    {
      cel: "!has(self.mentions) || self.type in ['dingtalk', 'wecom', 'feishu', 'slack']",
      message: "mentions are for chats: remove them",
      at: "mentions",
      holds: (spec) => !isSet(spec.mentions) || !["email", "webhook"].includes(spec.type),
    },
  ],
).describe("What receives messages, and how.");
export type NotificationChannelSpec = z.infer<typeof NotificationChannelSpec>;

export const NotificationChannelStatus = z.strictObject({
  ...baseStatusFields,
  lastDelivery: z
    .strictObject({
      at: z.string().meta({ format: "date-time" }).describe("When."),
      result: z.enum(["Delivered", "Failed"]).describe("What came of it."),
      message: z.string().max(1024).optional().describe("What the receiver said, without secrets."),
    })
    .optional()
    .describe("The last message that was sent, or could not be."),
});
export type NotificationChannelStatus = z.infer<typeof NotificationChannelStatus>;

export const NotificationChannel: KindDefinition<NotificationChannelSpec, NotificationChannelStatus> = {
  kind: "NotificationChannel",
  plural: "notificationchannels",
  singular: "notificationchannel",
  shortNames: ["kjn"],
  categories: [CATEGORY],
  description: "A chat, mailbox or webhook that learns how builds ended.",
  specSchema: NotificationChannelSpec,
  statusSchema: NotificationChannelStatus,
  printerColumns: [
    { name: "Type", type: "string", jsonPath: ".spec.type" },
    { name: "Last", type: "string", jsonPath: ".status.lastDelivery.result" },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
