import { ConfigError } from "../config.ts";
import { cron, CRON_USAGE } from "./cron.ts";
import { diff, DIFF_USAGE, sync, SYNC_USAGE } from "./diff-sync.ts";
import { doctor, DOCTOR_USAGE } from "./doctor.ts";
import { exportConfiguration, EXPORT_USAGE } from "./export.ts";
import { importFile, IMPORT_USAGE } from "./import.ts";
import { offlineCommand } from "./offline-command.ts";
import { run, RUN_USAGE } from "./run.ts";
import { VERSION } from "./version.ts";

const USAGE = `kjo ${VERSION}: the Kong and Jenkins operator and its tools

  kjo run [OPTIONS]   the operator; kjo run --help lists the options
  kjo doctor          looks at cluster, operator and gateways, and says what to do
  kjo cron SPEC       when a schedule in Jenkins' syntax fires; kjo cron --help lists the options
  kjo diff -f PATH    what manifests would change in a Kong, without a cluster
  kjo sync -f PATH    makes a Kong hold what manifests describe, without a cluster
  kjo export          a gateway, or the cluster's objects, as a decK file or as manifests
  kjo import FILE     a decK file as manifests
  kjo version         the version
  kjo help            this text`;

/** One command of `kjo`. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "run":
      if (rest.includes("--help")) return say(RUN_USAGE);
      return runCommand(rest);
    case "doctor":
      return rest.includes("--help") ? say(DOCTOR_USAGE) : doctor(rest);
    case "cron":
      return rest.includes("--help") ? say(CRON_USAGE) : cron(rest, new Date());
    case "diff":
      return rest.includes("--help") ? say(DIFF_USAGE) : offlineCommand("diff", () => diff(rest));
    case "sync":
      return rest.includes("--help") ? say(SYNC_USAGE) : offlineCommand("sync", () => sync(rest));
    case "export":
      return rest.includes("--help") ? say(EXPORT_USAGE) : offlineCommand("export", () => exportConfiguration(rest));
    case "import":
      return rest.includes("--help") ? say(IMPORT_USAGE) : offlineCommand("import", async () => importFile(rest));
    case "version":
    case "--version":
      return say(VERSION);
    case "help":
    case "--help":
    case undefined:
      return say(USAGE);
    default:
      console.error(`kjo: no such command: ${command}\n\n${USAGE}`);
      return 2;
  }
}

async function runCommand(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`kjo run: ${error.message}`);
    return 2;
  }
}

function say(text: string): number {
  console.log(text);
  return 0;
}
