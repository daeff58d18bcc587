import { execFile } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";

/**
 * An address that stands for Pods: EndpointSlices take no loopback address, so those of a test's servers need another.
 * Source: RFC 5737, addresses for documentation.
 */
const POD_ADDRESS = "192.0.2.10";
/** All of the documentation's network answers, and inside of the namespace nothing else is there. */
const SCRIPT = `ip link set lo up && ip addr add ${POD_ADDRESS}/24 dev lo && exec "$@"`;
/** Tells the tests why they have no network of their own. */
const REASON = "KJO_NO_OWN_NETWORK";

const run = promisify(execFile);

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The same command in a network namespace of its own, in which 192.0.2.0/24 is this machine; where that cannot be, as it
 * is. Its process is the one that is spawned (no fork in between), so pid, group, signals and descriptors stay what they
 * were; only what is on the network outside is out of reach.
 */
export async function inOwnNetwork(command: string, args: readonly string[]): Promise<Command> {
  const reason = outsiderOf(process.env) ?? (await failureOfTrial());
  if (reason !== undefined) return { command, args, env: { ...process.env, [REASON]: reason } };
  const [program = "", ...first] = unshare();
  return { command: program, args: [...first, command, ...args], env: process.env };
}

/**
 * The address under which Kong reaches servers of this process, and which EndpointSlices take; or why there is none.
 * Servers listen on it, or on all addresses where the Kong is elsewhere.
 */
export function podAddress(env: NodeJS.ProcessEnv = process.env): { address: string } | { reason: string } {
  const host = env["KJO_E2E_HOST"];
  if (host !== undefined && !/^(127\.|::1$|localhost$)/.test(host)) return { address: host };
  const own = Object.values(os.networkInterfaces()).flatMap((entries) => entries ?? []);
  if (own.some(({ address }) => address === POD_ADDRESS)) return { address: POD_ADDRESS };
  return { reason: env[REASON] ?? outsiderOf(env) ?? "no network namespace of its own: run it by npm test" };
}

/** What the suite uses from outside, and could not reach from a namespace. */
function outsiderOf(env: NodeJS.ProcessEnv): string | undefined {
  const outsider = ["KONG_ADMIN_URL", "KJO_TEST_KUBECONFIG"].find((name) => env[name]);
  return outsider && `${outsider} is used as it is, and KJO_E2E_HOST gives no address that EndpointSlices take`;
}

/** Needs root, or a kernel that gives users namespaces. */
function unshare(): string[] {
  const asUser = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  return ["unshare", ...asUser, "--net", "sh", "-c", SCRIPT, "sh"];
}

let trial: Promise<string | undefined> | undefined;

function failureOfTrial(): Promise<string | undefined> {
  const [program = "", ...args] = unshare();
  trial ??= run(program, [...args, "true"], { timeout: 10_000 }).then(
    () => undefined,
    (error: Error) => `this machine gives no network namespace: ${error.message.trim().split("\n").at(-1)}`,
  );
  return trial;
}
