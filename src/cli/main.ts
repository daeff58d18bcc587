import { ConfigError } from "../config.ts";
import { VERSION } from "./version.ts";

interface LoadedCommand {
  readonly usage: string;
  /** Returns the exit code. */
  readonly execute: (args: readonly string[]) => number | Promise<number>;
}

interface Command {
  readonly line: string;
  readonly summary: string;
  /** The code of one command only: the operator's takes longer to load than a small command runs. */
  readonly load: () => Promise<LoadedCommand>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    line: "run [OPTIONS]",
    summary: "the operator",
    load: async () => {
      const { run, RUN_USAGE } = await import("./run.ts");
      return { usage: RUN_USAGE, execute: (args) => refusingBadFlags("run", () => run(args)) };
    },
  },
  doctor: {
    line: "doctor",
    summary: "looks at cluster, operator and gateways, and says what to do",
    load: async () => {
      const { doctor, DOCTOR_USAGE } = await import("./doctor.ts");
      return { usage: DOCTOR_USAGE, execute: doctor };
    },
  },
  diff: {
    line: "diff -f PATH",
    summary: "what manifests would change in a Kong, without a cluster",
    load: async () => {
      const { diff, DIFF_USAGE } = await import("./diff-sync.ts");
      return { usage: DIFF_USAGE, execute: await offline("diff", diff) };
    },
  },
  sync: {
    line: "sync -f PATH",
    summary: "makes a Kong hold what manifests describe, without a cluster",
    load: async () => {
      const { sync, SYNC_USAGE } = await import("./diff-sync.ts");
      return { usage: SYNC_USAGE, execute: await offline("sync", sync) };
    },
  },
  export: {
    line: "export",
    summary: "a gateway, or the cluster's objects, as a decK file or as manifests",
    load: async () => {
      const { exportConfiguration, EXPORT_USAGE } = await import("./export.ts");
      return { usage: EXPORT_USAGE, execute: await offline("export", exportConfiguration) };
    },
  },
  import: {
    line: "import FILE",
    summary: "a decK file as manifests",
    load: async () => {
      const { importFile, IMPORT_USAGE } = await import("./import.ts");
      return { usage: IMPORT_USAGE, execute: await offline("import", async (args) => importFile(args)) };
    },
  },
  cron: {
    line: "cron SPEC",
    summary: "when a schedule in Jenkins' syntax fires",
    load: async () => {
      const { cron, CRON_USAGE } = await import("./cron.ts");
      return { usage: CRON_USAGE, execute: (args) => cron(args, new Date()) };
    },
  },
  version: {
    line: "version",
    summary: "the version",
    load: async () => ({ usage: "kjo version: the version", execute: () => say(VERSION) }),
  },
};

const WIDTH = Math.max(...Object.values(COMMANDS).map(({ line }) => line.length)) + 2;

const USAGE = `kjo ${VERSION}: the Kong and Jenkins operator and its tools

${Object.values(COMMANDS)
  .map(({ line, summary }) => `  kjo ${line.padEnd(WIDTH)} ${summary}`)
  .join("\n")}

kjo COMMAND --help says more.`;

/** One command of `kjo`. Returns the exit code: 0 done, 1 failed, 2 wrong usage, unless the command's help says otherwise. */
export async function main(args: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = args;
  if (name === "help" || name === "--help" || name === "-h") return say(USAGE);
  const known = name === "--version" ? "version" : name;
  const command = Object.hasOwn(COMMANDS, known) ? COMMANDS[known] : undefined;
  if (!command) {
    console.error(`kjo: no such command: ${name}\n\n${USAGE}`);
    return 2;
  }
  const { usage, execute } = await command.load();
  return rest.includes("--help") || rest.includes("-h") ? say(usage) : execute(rest);
}

async function offline(
  name: string,
  command: (args: readonly string[]) => Promise<number>,
): Promise<LoadedCommand["execute"]> {
  const { offlineCommand } = await import("./offline-command.ts");
  return (args) => offlineCommand(name, () => command(args));
}

async function refusingBadFlags(name: string, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`kjo ${name}: ${error.message}`);
    return 2;
  }
}

function say(text: string): number {
  console.log(text);
  return 0;
}
