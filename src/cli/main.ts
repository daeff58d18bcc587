import { ConfigError } from "../config.ts";
import { run, RUN_USAGE } from "./run.ts";
import { VERSION } from "./version.ts";

const USAGE = `kjo ${VERSION}: the Kong and Jenkins operator and its tools

  kjo run [OPTIONS]   the operator; kjo run --help lists the options
  kjo version         the version
  kjo help            this text`;

/** One command of `kjo`. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "run":
      if (rest.includes("--help")) return say(RUN_USAGE);
      return runCommand(rest);
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
