import { readFileSync } from "node:fs";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { COMMAND_VARIABLES, environmentVariable } from "../config.ts";
import { UsageError, type GivenGateway } from "../offline/gateways.ts";
import { readText } from "../offline/manifest-files.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options of the commands that speak to a gateway by themselves. */
export const KONG_OPTIONS = {
  kong: { type: "string" },
  "kong-header": { type: "string", multiple: true },
  "kong-token-file": { type: "string" },
  "kong-ca": { type: "string" },
  "kong-cert": { type: "string" },
  "kong-key": { type: "string" },
  "kong-server-name": { type: "string" },
  workspace: { type: "string" },
} as const satisfies Options;

export const KONG_USAGE = `  --kong URL                  the Admin API; KJO_KONG_URL
  --kong-header NAME:VARIABLE a header of each request, with its value from that environment variable
  --kong-token-file FILE      a token, sent as Kong-Admin-Token; or KJO_KONG_TOKEN
  --kong-ca FILE              CA certificates (PEM) of the Admin API
  --kong-cert, --kong-key     client certificate and key (PEM files)
  --kong-server-name NAME     name that the Admin API's certificate must carry
  --workspace NAME            workspace, on a gateway that has them`;

export const ENVIRONMENT_USAGE = Object.entries(COMMAND_VARIABLES)
  .map(([name, meaning]) => `  ${name.padEnd(27)} ${meaning}`)
  .join("\n");

/** @throws UsageError in place of what node:util says. */
export function readArguments<T extends Options>(args: readonly string[], options: T, { files = 0 } = {}) {
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: files > 0 });
    if (parsed.positionals.length > files) throw new Error(`one argument too many: ${parsed.positionals[files]}`);
    return parsed;
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ")[0] ?? "");
  }
}

export interface KongArguments {
  readonly kong?: string | undefined;
  readonly "kong-header"?: readonly string[] | undefined;
  readonly "kong-token-file"?: string | undefined;
  readonly "kong-ca"?: string | undefined;
  readonly "kong-cert"?: string | undefined;
  readonly "kong-key"?: string | undefined;
  readonly "kong-server-name"?: string | undefined;
  readonly workspace?: string | undefined;
}

/**
 * The gateway that the command line names; undefined where it names none.
 * @throws UsageError, FileError
 */
export function givenGateway(values: KongArguments): GivenGateway | undefined {
  const url = values.kong ?? environmentVariable("KJO_KONG_URL");
  if (url === undefined) {
    const [lost] = Object.keys(values).filter((name) => name.startsWith("kong-") && values[name as "kong-ca"]);
    if (lost !== undefined) throw new UsageError(`--${lost} needs --kong URL`);
    return undefined;
  }
  if (!/^https?:\/\/[^/?#@ ]+(\/[^?# ]*)?$/.test(url)) {
    throw new UsageError("--kong: must be http(s)://HOST[:PORT][/PATH], without user, query or fragment");
  }
  const headers = Object.fromEntries((values["kong-header"] ?? []).map(headerOf));
  const tokenFile = values["kong-token-file"];
  const token = tokenFile === undefined ? environmentVariable("KJO_KONG_TOKEN") : readText(tokenFile).trim();
  const file = (name: "kong-ca" | "kong-cert" | "kong-key"): string | undefined =>
    values[name] === undefined ? undefined : readText(values[name]);
  const tls = {
    ca: file("kong-ca"),
    cert: file("kong-cert"),
    key: file("kong-key"),
    serverName: values["kong-server-name"],
  };
  const hasTls = Object.values(tls).some((value) => value !== undefined);
  if (hasTls && !url.startsWith("https:")) throw new UsageError("--kong: TLS options need an https URL");
  return {
    url,
    headers: token === undefined ? headers : { "Kong-Admin-Token": token, ...headers },
    ...(hasTls ? { tls } : {}),
    workspace: values.workspace,
  };
}

function headerOf(text: string): [string, string] {
  const [, name, variable] = /^([-\w]+):(\w+)$/.exec(text) ?? [];
  // Whatever else stands there may be the secret itself: it is not repeated.
  if (name === undefined || variable === undefined)
    throw new UsageError("--kong-header: must be NAME:VARIABLE, the name of a header and of an environment variable");
  const value = environmentVariable(variable);
  if (value === undefined) throw new UsageError(`--kong-header: the environment variable ${variable} is not set`);
  return [name, value];
}

export function readStandardInput(): string {
  return readFileSync(0, "utf8");
}

/** @throws UsageError */
export function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new UsageError(`${flag}: must be ${allowed.join(" or ")}`);
  return found;
}

/** @throws UsageError */
export function gatewayName(text: string): { namespace: string; name: string } {
  const [namespace, name, ...rest] = text.split("/");
  if (!namespace || !name || rest.length > 0) throw new UsageError("--gateway: must be NAMESPACE/NAME");
  return { namespace, name };
}
