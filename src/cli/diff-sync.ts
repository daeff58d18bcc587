import type { parseArgs } from "node:util";
import { environmentVariable } from "../config.ts";
import { DEFAULT_CLUSTER, DEFAULT_INSTANCE, openGateways, UsageError, type GivenGateway } from "../offline/gateways.ts";
import { readManifests } from "../offline/manifest-files.ts";
import { ObjectSet } from "../offline/object-set.ts";
import { runSet, type SetResult } from "../offline/run-set.ts";
import {
  ENVIRONMENT_USAGE,
  gatewayName,
  givenGateway,
  KONG_OPTIONS,
  KONG_USAGE,
  oneOf,
  readArguments,
  readStandardInput,
} from "./arguments.ts";
import { changeLine, failureLine, resultJson, summary } from "./show-changes.ts";
import { painter, progressLine } from "./terminal.ts";

const SET_USAGE = `  -f, --file PATH             file, or folder with those below it; - is standard input; may be repeated
  --prune                     also what this instance made and the files no longer describe
  --namespace NAME            of objects that name none (default)
  --gateway NAMESPACE/NAME    only this KongGateway of the files; --kong then is where it answers
  --instance NAME             what the marks call the gateway; the KongGateway's own, or ${DEFAULT_INSTANCE}
  --cluster UID               act for the operator of that cluster (uid of its namespace kube-system); ${DEFAULT_CLUSTER}
  --replace-foreign           a gateway without a database may lose what somebody else gave it
  -o, --output text|json
${KONG_USAGE}

Environment:
${ENVIRONMENT_USAGE}`;

export const DIFF_USAGE = `kjo diff -f PATH [OPTIONS]: what a sync would write, manifests against a Kong, without a cluster

${SET_USAGE}

Exit code: 0 no difference, 2 a difference, 1 something could not be compared.`;

export const SYNC_USAGE = `kjo sync -f PATH [OPTIONS]: makes a Kong hold what manifests describe, without a cluster

${SET_USAGE}
  --dry-run                   only looks, as kjo diff, with this command's exit code

Exit code: 0 done, 1 something failed; what is named was not written, the rest was.`;

const OPTIONS = {
  ...KONG_OPTIONS,
  file: { type: "string", short: "f", multiple: true },
  prune: { type: "boolean", default: false },
  namespace: { type: "string", default: "default" },
  gateway: { type: "string" },
  instance: { type: "string" },
  cluster: { type: "string", default: DEFAULT_CLUSTER },
  output: { type: "string", short: "o", default: "text" },
  "replace-foreign": { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
} as const satisfies NonNullable<Parameters<typeof parseArgs>[0]>["options"];

/** `kjo diff`. Returns the exit code. @throws UsageError, FileError */
export async function diff(args: readonly string[]): Promise<number> {
  const result = await runCommand(args, { write: false });
  if (result.failures.length > 0) return 1;
  return result.changes.length > 0 ? 2 : 0;
}

/** `kjo sync`. Returns the exit code. @throws UsageError, FileError */
export async function sync(args: readonly string[]): Promise<number> {
  const result = await runCommand(args, { write: true });
  return result.failures.length > 0 ? 1 : 0;
}

async function runCommand(args: readonly string[], { write }: { write: boolean }): Promise<SetResult> {
  const { values } = readArguments(args, OPTIONS);
  const format = oneOf("-o", values.output, ["text", "json"] as const);
  if (!values.file) throw new UsageError("-f PATH is missing");
  if (!write && values["dry-run"]) throw new UsageError("--dry-run is what kjo diff does anyway");
  const isWrite = write && !values["dry-run"];
  const set = new ObjectSet(readManifests(values.file, readStandardInput), {
    namespace: values.namespace,
    variable: environmentVariable,
  });
  if (values.prune && set.kongObjects().flat().length === 0)
    throw new UsageError("--prune: the files hold no object, and everything would be removed");
  const open = await openGateways({
    set,
    given: withReplacement(givenGateway(values), values["replace-foreign"]),
    only: values.gateway === undefined ? undefined : gatewayName(values.gateway),
    instance: marks("--instance", values.instance),
    cluster: marks("--cluster", values.cluster) ?? DEFAULT_CLUSTER,
  });
  const progress = progressLine(isWrite ? "syncing" : "comparing");
  try {
    const { prune, cluster } = values;
    const result = await runSet({
      set,
      open,
      cluster,
      operatorNamespace: homeOf(set),
      write: isWrite,
      prune,
      onProgress: progress,
    });
    progress.end();
    if (format === "json") console.log(JSON.stringify(resultJson(result), null, 2));
    else show(result, isWrite);
    return result;
  } finally {
    progress.end();
    await open.close();
  }
}

function show(result: SetResult, isDone: boolean): void {
  const paint = painter(process.stdout);
  for (const change of result.changes) console.log(changeLine(change, paint));
  const paintError = painter(process.stderr);
  for (const note of result.notes) console.error(`${paintError("dim", "note:")} ${note}`);
  for (const failure of result.failures) console.error(failureLine(failure, paintError));
  console.log(summary(result, isDone));
}

/** The operator's namespace is not in the files: the one KongGateway `default` that is there is everyone's. */
function homeOf(set: ObjectSet): string {
  const defaults = set.ofKind("KongGateway").filter(({ key }) => key.name === "default");
  return defaults.length === 1 ? (defaults[0]?.key.namespace ?? "") : "";
}

function withReplacement(given: GivenGateway | undefined, replaceForeign: boolean): GivenGateway | undefined {
  if (replaceForeign && !given) throw new UsageError("--replace-foreign needs --kong; a KongGateway says it itself");
  return given && { ...given, replaceForeign };
}

/** A part of a tag. */
function marks(flag: string, value: string | undefined): string | undefined {
  if (value !== undefined && !/^[-._0-9A-Za-z]{1,128}$/.test(value))
    throw new UsageError(`${flag}: must consist of letters, digits, '.', '-' and '_'`);
  return value;
}
