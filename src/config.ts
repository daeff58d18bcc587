import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";

/** One option of `kjo run`: flag, environment variable, meaning. The table feeds `--help` and docs/configuration.md. */
interface Option {
  readonly flag: string;
  readonly env: string;
  readonly value?: string;
  readonly help: string;
}

export const RUN_OPTIONS: readonly Option[] = [
  {
    flag: "kubeconfig",
    env: "KUBECONFIG",
    value: "FILE",
    help: "kubeconfig file; inside a Pod its ServiceAccount is used",
  },
  { flag: "watch-namespaces", env: "KJO_WATCH_NAMESPACES", value: "A,B", help: "namespaces to watch; all by default" },
  {
    flag: "operator-namespace",
    env: "KJO_OPERATOR_NAMESPACE",
    value: "NAME",
    help: "namespace of the Lease and of the KongGateway `default`; the Pod's own by default",
  },
  {
    flag: "bind-address",
    env: "KJO_BIND_ADDRESS",
    value: "HOST:PORT",
    help: "address of /healthz, /readyz and /metrics",
  },
  { flag: "leader-elect", env: "KJO_LEADER_ELECT", value: "true|false", help: "act only while holding the Lease" },
  { flag: "lease-name", env: "KJO_LEASE_NAME", value: "NAME", help: "name of the Lease" },
  {
    flag: "identity",
    env: "KJO_IDENTITY",
    value: "NAME",
    help: "this replica's name in the Lease; the host name and process id by default",
  },
  {
    flag: "log-level",
    env: "KJO_LOG_LEVEL",
    value: "debug|info|warn|error",
    help: "least severe level that is logged",
  },
  { flag: "log-format", env: "KJO_LOG_FORMAT", value: "json|text", help: "one JSON object a line, or text for people" },
];

const RunConfigSchema = z.object({
  kubeconfig: z.string().optional(),
  watchNamespaces: z.array(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "not a namespace name")),
  operatorNamespace: z.string().min(1),
  bindAddress: z.object({ host: z.string(), port: z.number().int().min(0).max(65_535) }),
  leaderElect: z.boolean(),
  leaseName: z.string().min(1),
  identity: z.string().min(1),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  logFormat: z.enum(["json", "text"]),
});

/** Everything that `kjo run` can be told, read once and frozen. */
export type RunConfig = Readonly<z.infer<typeof RunConfigSchema>>;

/** A flag or variable cannot be used; the message names it and the remedy. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Flags win over the environment.
 * @throws ConfigError naming the option. */
export function parseRunConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): RunConfig {
  const given = readFlags(args);
  const text = (flag: string): string | undefined => {
    const option = RUN_OPTIONS.find((candidate) => candidate.flag === flag);
    const value = given[flag] ?? (option && env[option.env]);
    return value === "" ? undefined : value;
  };
  const parsed = RunConfigSchema.safeParse({
    kubeconfig: text("kubeconfig"),
    watchNamespaces: (text("watch-namespaces") ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
    operatorNamespace: text("operator-namespace") ?? podNamespace() ?? "default",
    bindAddress: parseAddress(text("bind-address") ?? "127.0.0.1:8080"),
    leaderElect: parseBoolean("leader-elect", text("leader-elect") ?? "true"),
    leaseName: text("lease-name") ?? "kong-jenkins-operator",
    identity: text("identity") ?? `${hostname()}_${process.pid}`,
    logLevel: text("log-level") ?? "info",
    logFormat: text("log-format") ?? "json",
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(`--${kebab(String(issue?.path[0] ?? ""))}: ${issue?.message ?? "invalid"}`);
  }
  return Object.freeze(parsed.data);
}

/** What the commands besides `run` take from the environment; a flag wins. */
export const COMMAND_VARIABLES: Readonly<Record<string, string>> = {
  KJO_KONG_URL: "URL of the Admin API, as --kong",
  KJO_KONG_TOKEN:
    "token of the Admin API, sent as Kong-Admin-Token; no flag takes it, because arguments are for all to see",
  KUBECONFIG: "kubeconfig file, as --kubeconfig",
  NO_COLOR: "with any value: no colours, on a terminal neither",
};

/** A variable of the environment: one of {@link COMMAND_VARIABLES}, or one that a file or an argument names. */
export function environmentVariable(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

function readFlags(args: readonly string[]): Record<string, string | undefined> {
  const options = Object.fromEntries(RUN_OPTIONS.map((option) => [option.flag, { type: "string" as const }]));
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values as Record<
      string,
      string | undefined
    >;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message.split(". ")[0] ?? ""}; see kjo run --help`);
  }
}

/** `8080`, `:8080`, `0.0.0.0:8080` or `[::1]:8080`; no host means every address. */
function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]*)):)?(?<port>\d+)$/.exec(text);
  if (!match?.groups) throw new ConfigError(`--bind-address: ${JSON.stringify(text)} is not HOST:PORT`);
  return { host: match.groups["v6"] ?? (match.groups["host"] || "::"), port: Number(match.groups["port"]) };
}

function parseBoolean(flag: string, text: string): boolean {
  if (text !== "true" && text !== "false")
    throw new ConfigError(`--${flag}: ${JSON.stringify(text)} is neither true nor false`);
  return text === "true";
}

function podNamespace(): string | undefined {
  try {
    return readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/namespace", "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
