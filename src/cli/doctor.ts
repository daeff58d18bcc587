import { environmentVariable } from "../config.ts";
import { examineCluster } from "../doctor/examine.ts";
import { findingsOf, textOf, type Finding, type Level } from "../doctor/finding.ts";
import { lookAtAdminApi } from "../doctor/gateways.ts";
import { KubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/connection.ts";
import { FileError } from "../offline/manifest-files.ts";
import { UsageError, type GivenGateway } from "../offline/gateways.ts";
import { givenGateway, KONG_OPTIONS, KONG_USAGE, oneOf, readArguments } from "./arguments.ts";
import { painter, type Colour } from "./terminal.ts";
import { VERSION } from "./version.ts";

export const DOCTOR_USAGE = `kjo doctor [OPTIONS]: looks at cluster, operator and gateways, and says what to do about what it finds

  --kubeconfig FILE           KUBECONFIG
  --context NAME              context of the kubeconfig, in place of its current one
  -n, --namespace NAME        objects of this namespace; of all by default
  --operator-namespace NAME   where the operator is; found by its Deployment or Lease by default
  --lease-name NAME           name of its Lease (kong-jenkins-operator)
  --service-account NS/NAME   whose rights are checked; that of the operator's Deployment, else yourself
  -o, --output text|json      text is coloured on a terminal only, and not with NO_COLOR
${KONG_USAGE}

With --kong only that gateway is looked at, and no cluster. Nothing is changed anywhere, and you log in as yourself.

Exit code: 0 no problem found (warnings do not count), 1 problems found, among them a cluster that cannot be reached,
2 wrong usage.`;

const OPTIONS = {
  ...KONG_OPTIONS,
  kubeconfig: { type: "string" },
  context: { type: "string" },
  namespace: { type: "string", short: "n" },
  "operator-namespace": { type: "string" },
  "lease-name": { type: "string", default: "kong-jenkins-operator" },
  "service-account": { type: "string" },
  output: { type: "string", short: "o", default: "text" },
} as const;

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>["values"];

/** `kjo doctor`. Returns the exit code. */
export async function doctor(args: readonly string[]): Promise<number> {
  try {
    const { values } = readArguments(args, OPTIONS);
    const output = oneOf("--output", values.output, ["text", "json"]);
    const account = values["service-account"] === undefined ? undefined : accountOf(values["service-account"]);
    const given = givenGateway(values);
    const findings = given ? await examineKong(given) : await examine(values, account);
    console.log(output === "json" ? asJson(findings) : asText(findings));
    return findings.some(({ level }) => level === "problem") ? 1 : 0;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof FileError)) throw error;
    console.error(`kjo doctor: ${error.message}; see kjo doctor --help`);
    return 2;
  }
}

function accountOf(text: string): { namespace: string; name: string } {
  const [namespace, name, ...rest] = text.split("/");
  if (!namespace || !name || rest.length > 0) throw new UsageError("--service-account: must be NAMESPACE/NAME");
  return { namespace, name };
}

function examineKong({ url, headers, tls, workspace = "" }: GivenGateway): Promise<Finding[]> {
  const settings = {
    url,
    headers,
    ...(tls ? { tls } : {}),
    workspace,
    timeoutMs: 10_000,
    concurrency: 4,
    instance: "",
    driftIntervalMs: 0,
    driftPolicy: "Report" as const,
  };
  return lookAtAdminApi(url, settings, {});
}

async function examine(
  values: Values,
  serviceAccount: { namespace: string; name: string } | undefined,
): Promise<Finding[]> {
  let client: KubeClient;
  try {
    client = new KubeClient({
      config: loadKubeConfig(values.kubeconfig ?? environmentVariable("KUBECONFIG"), values.context),
    });
  } catch (error) {
    const { problem } = findingsOf("cluster");
    return [problem("kubeconfig", textOf(error), "name one with --kubeconfig or KUBECONFIG, a context with --context")];
  }
  try {
    return await examineCluster(client, {
      namespace: values.namespace,
      operatorNamespace: values["operator-namespace"],
      leaseName: values["lease-name"],
      serviceAccount,
      now: new Date(),
    });
  } finally {
    await client.close();
  }
}

const SIGNS: Readonly<Record<Level, readonly [sign: string, colour: Colour]>> = {
  ok: ["ok     ", "green"],
  warning: ["warning", "yellow"],
  problem: ["PROBLEM", "red"],
  skipped: ["skipped", "dim"],
};

function asText(findings: readonly Finding[]): string {
  const paint = painter(process.stdout);
  const lines = findings.flatMap(({ level, check, subject, message, remedy }, index) => {
    const [sign, colour] = SIGNS[level];
    const heading = findings[index - 1]?.check === check ? [] : [`${index === 0 ? "" : "\n"}${check}`];
    const advice = remedy === undefined ? [] : [`          -> ${remedy}`];
    return [...heading, `  ${paint(colour, sign)} ${subject}: ${message}`, ...advice];
  });
  const { ok, warning, problem, skipped } = countsOf(findings);
  return [...lines, "", `${ok} ok, ${warning} warnings, ${problem} problems, ${skipped} skipped`].join("\n");
}

function asJson(findings: readonly Finding[]): string {
  return JSON.stringify({ version: VERSION, summary: countsOf(findings), findings }, undefined, 2);
}

function countsOf(findings: readonly Finding[]): Record<Level, number> {
  const counts = { ok: 0, warning: 0, problem: 0, skipped: 0 };
  for (const { level } of findings) counts[level]++;
  return counts;
}
