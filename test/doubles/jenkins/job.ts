/** What a job does when it is built; read from its shell step. */
export interface Script {
  readonly durationMs: number;
  readonly result: "SUCCESS" | "FAILURE" | "UNSTABLE";
}

export interface ParameterDefinition {
  readonly name: string;
  /** `StringParameterDefinition`, … */
  readonly type: string;
  readonly defaultValue: string;
  readonly choices: readonly string[];
}

export interface JobConfig {
  readonly kind: "FreeStyleProject" | "WorkflowJob" | "Folder" | "WorkflowMultiBranchProject";
  readonly parameters: readonly ParameterDefinition[];
  readonly remoteToken: string | undefined;
  readonly disabled: boolean;
  readonly quietPeriodMs: number;
  readonly concurrent: boolean;
  /** Label of agents that it needs; none has any. */
  readonly label: string | undefined;
  readonly script: Script;
}

/** The XML is not well formed: Jenkins answers 500. */
export class ConfigSyntaxError extends Error {}

const PARAMETER = /<hudson\.model\.(\w+ParameterDefinition)>([\s\S]*?)<\/hudson\.model\.\1>/g;
const STAGE_STEP = /stage\(\s*['"]([^'"]+)['"]\s*\)/g;

/**
 * A job as its `config.xml` describes it, as far as it matters here.
 * @throws ConfigSyntaxError
 */
export function parseConfig(xml: string): JobConfig & { readonly stages: readonly string[] } {
  const root = /^\s*(?:<\?xml[^>]*\?>)?\s*<([\w.-]+)[\s>/]/.exec(xml)?.[1];
  if (root === undefined || !(xml.trimEnd().endsWith(`</${root}>`) || xml.trimEnd().endsWith("/>")))
    throw new ConfigSyntaxError("not well formed");
  const parameters = [...xml.matchAll(PARAMETER)].map(([, type = "", body = ""]): ParameterDefinition => {
    const choices = [...body.matchAll(/<string>([\s\S]*?)<\/string>/g)].map(([, text = ""]) => decode(text));
    return {
      name: element(body, "name") ?? "",
      type,
      defaultValue: element(body, "defaultValue") ?? choices[0] ?? "",
      choices,
    };
  });
  const quiet = Number(element(xml, "quietPeriod") ?? 0);
  return {
    kind: kindOf(root),
    parameters,
    remoteToken: element(xml, "authToken") || undefined,
    disabled: element(xml, "disabled") === "true",
    quietPeriodMs: quiet * 1000,
    concurrent: root.includes("flow-definition")
      ? !xml.includes("DisableConcurrentBuildsJobProperty")
      : element(xml, "concurrentBuild") === "true",
    label: element(xml, "assignedNode"),
    script: scriptOf(element(xml, "command") ?? element(xml, "script") ?? ""),
    stages: [...(element(xml, "script") ?? "").matchAll(STAGE_STEP)].map(([, name = ""]) => name),
  };
}

function kindOf(root: string): JobConfig["kind"] {
  if (root === "flow-definition") return "WorkflowJob";
  if (root === "com.cloudbees.hudson.plugins.folder.Folder") return "Folder";
  return root.endsWith("WorkflowMultiBranchProject") ? "WorkflowMultiBranchProject" : "FreeStyleProject";
}

/** `sleep 2`, in a loop as often as it has values; `exit 1` fails. */
function scriptOf(command: string): Script {
  const rounds = /for \w+ in ([^;]*);/.exec(command)?.[1]?.trim().split(/\s+/).length ?? 1;
  const seconds = [...command.matchAll(/\bsleep\s*\(?(?:time:\s*)?(\d+(?:\.\d+)?)/g)].reduce(
    (sum, [, s]) => sum + Number(s),
    0,
  );
  const fails = /\bexit [1-9]|\berror[ (]/.test(command);
  return {
    durationMs: seconds * rounds * 1000,
    result: fails ? "FAILURE" : /\bunstable[ (]/.test(command) ? "UNSTABLE" : "SUCCESS",
  };
}

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];
  return text === undefined ? undefined : decode(text);
}

function decode(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
