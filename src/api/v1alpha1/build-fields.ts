import { z } from "zod";
import { integer, mapListOf, namespaceName, objectName, secretKey, text } from "../fields.ts";

/** A JenkinsServer, perhaps of another namespace. */
export const JenkinsRef = z.strictObject({
  name: objectName().describe("Name of the JenkinsServer."),
  namespace: namespaceName()
    .optional()
    .describe(
      "Namespace of the JenkinsServer; the object's own unless set. The server's allowedNamespaces must admit the object.",
    ),
});
export type JenkinsRef = z.infer<typeof JenkinsRef>;

const parameterName = () =>
  text({
    maxLength: 128,
    pattern: "^[-_.0-9A-Za-z]+$",
    message: "must be the name of a parameter: letters, digits, '-', '_' and '.'",
  });

export const MAX_PARAMETER_LENGTH = 4096;

export const Parameter = z.strictObject({
  name: parameterName().describe("Name of the job's parameter."),
  value: z.string().max(MAX_PARAMETER_LENGTH).describe("Value, as text."),
});
export type Parameter = z.infer<typeof Parameter>;

export const BuildTimeouts = z.strictObject({
  submitSeconds: integer(5, 3600)
    .default(600)
    .describe("Until Jenkins must have taken the build, while the operator runs."),
  queueSeconds: integer(5, 604800).default(3600).describe("Until the build must have left Jenkins' queue."),
  buildSeconds: integer(5, 604800).default(14400).describe("Until the build must have ended, from its start."),
});
export type BuildTimeouts = z.infer<typeof BuildTimeouts>;

/** What a build is like. */
export const buildFields = {
  jenkinsRef: JenkinsRef.describe("The JenkinsServer that has the job."),
  job: text({
    maxLength: 1024,
    pattern: "^[^/\\x00-\\x1f\\x7f]+(/[^/\\x00-\\x1f\\x7f]+)*$",
    message: "must be the full name of a job, folders separated by '/': team/app",
  }).describe("Full name of the job, as Jenkins shows it; folders are separated by /."),
  branch: z.string().min(1).max(512).optional().describe("Branch of a multibranch job, as in Git: feature/x."),
  tokenSecretRef: z
    .strictObject({
      name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
      key: secretKey().default("token").describe("Key of the token."),
    })
    .optional()
    .describe("The job's own remote-trigger token (`Trigger builds remotely`)."),
  parameters: mapListOf(Parameter, "name", 64).optional().describe("Parameters of the build."),
  buildIdParameter: parameterName()
    .default("KJO_BUILD_ID")
    .describe(
      "Parameter of the job that carries the build's id, where the job declares it: by it the build is found again after a crash.",
    ),
  onAmbiguous: z
    .enum(["Fail", "Resubmit"])
    .default("Fail")
    .describe(
      "What is done where nobody can tell whether Jenkins took the build: Fail starts no second one, Resubmit may start one twice.",
    ),
  unstable: z
    .enum(["Success", "Failure"])
    .default("Failure")
    .describe("Whether a build with Jenkins' result UNSTABLE is Ready."),
  timeouts: BuildTimeouts.prefault({}).describe("How long the parts of a build may take."),
};
