import { z } from "zod";
import { integer, objectName, secretKey } from "../fields.ts";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, readyColumns } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { isSet, withRules } from "../rules.ts";
import { baseStatusFields } from "../status.ts";
import { AllowedNamespaces } from "./allowed-namespaces.ts";
import { serverTls, serverUrl } from "./server-fields.ts";

const Tls = serverTls({ who: "Jenkins", whose: "Jenkins'", name: "; the host of url" });

const Credentials = z.strictObject({
  name: objectName().describe(
    'Name of the Secret with user and token, or user and password. It must carry the label kjo.dev/secret: "true".',
  ),
  userKey: secretKey().default("user").describe("Key of the user's name."),
  tokenKey: secretKey().default("token").describe("Key of an API token of the user. It wins over a password."),
  passwordKey: secretKey()
    .default("password")
    .describe("Key of the user's password, which needs a crumb and a session."),
});

/** A Jenkins server and how the operator uses it. */
export const JenkinsServerSpec = withRules(
  z.strictObject({
    url: serverUrl("credentials belong").describe("Address of Jenkins, with its context path where it has one."),
    credentialsSecretRef: Credentials.optional().describe(
      "Who the operator is for Jenkins; anonymous without it: where Jenkins shows nothing to anonymous, only jobs with a remote-trigger token can be started (plugin build-token-root), and nothing is learnt of their builds.",
    ),
    tls: Tls.optional().describe("How TLS to Jenkins is set up."),
    allowedNamespaces: AllowedNamespaces.prefault({}).describe("Namespaces whose JenkinsBuilds may use the server."),
    timeoutMs: integer(1000, 300000).default(15000).describe("Milliseconds to wait for an answer."),
    maxRequestsPerSecond: integer(1, 1000)
      .default(20)
      .describe("Most requests a second to the server's address, all JenkinsServers of that address together."),
    pollSeconds: integer(1, 300)
      .default(5)
      .describe("Seconds between two looks at builds that are under way; one look serves all builds of a job."),
  }),
  [
    {
      cel: "!has(self.tls) || self.url.startsWith('https://')",
      message: "tls needs an https url: write https in url or remove tls",
      at: "tls",
      holds: (spec) => !isSet(spec.tls) || spec.url.startsWith("https://"),
    },
  ],
).describe("Where Jenkins is and who the operator is there.");
export type JenkinsServerSpec = z.infer<typeof JenkinsServerSpec>;

export const JenkinsServerStatus = z.strictObject({
  ...baseStatusFields,
  version: z.string().optional().describe("Version of Jenkins."),
  user: z.string().optional().describe("Who the operator is for Jenkins; anonymous without credentials."),
  crumbs: z.boolean().optional().describe("Whether Jenkins wants a crumb with requests of users with a password."),
  quietingDown: z.boolean().optional().describe("Whether Jenkins takes no new builds because it is about to stop."),
  session: z.string().optional().describe("Changes each time Jenkins starts."),
  builds: z.int().min(0).optional().describe("Builds that are followed there now."),
});
export type JenkinsServerStatus = z.infer<typeof JenkinsServerStatus>;

export const JenkinsServer: KindDefinition<JenkinsServerSpec, JenkinsServerStatus> = {
  kind: "JenkinsServer",
  plural: "jenkinsservers",
  singular: "jenkinsserver",
  shortNames: ["kjj"],
  categories: [CATEGORY],
  description: "A Jenkins server on which builds are started and followed.",
  specSchema: JenkinsServerSpec,
  statusSchema: JenkinsServerStatus,
  printerColumns: [
    { name: "Version", type: "string", jsonPath: ".status.version" },
    { name: "User", type: "string", jsonPath: ".status.user" },
    { name: "Url", type: "string", jsonPath: ".spec.url", priority: 1 },
    MESSAGE_COLUMN,
    ...readyColumns("True when builds can be asked for"),
  ],
};
