import { ControlPlaneUnavailableError } from "../test/controlplane/control-plane.ts";
import { measure } from "./measure.ts";
import { parseBenchOptions, USAGE, type BenchOptions } from "./options.ts";

function readOptions(): BenchOptions | "help" {
  try {
    return parseBenchOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

const options = readOptions();
if (options === "help") {
  console.log(USAGE);
} else {
  const say = (text: string): void => (options.json ? console.error(text) : console.log(text));
  try {
    console.log(JSON.stringify(await measure(options, say)));
  } catch (error) {
    console.error(error instanceof ControlPlaneUnavailableError ? error.message : error);
    process.exitCode = 1;
  }
}
