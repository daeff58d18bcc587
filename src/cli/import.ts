import type { parseArgs } from "node:util";
import { environmentVariable } from "../config.ts";
import { UsageError } from "../offline/gateways.ts";
import { importDeck } from "../offline/import-deck.ts";
import { readText } from "../offline/manifest-files.ts";
import { lostLine, manifestText, writeFolder } from "../offline/write-files.ts";
import { oneOf, readArguments, readStandardInput } from "./arguments.ts";

export const IMPORT_USAGE = `kjo import FILE [OPTIONS]: a decK file (format 3.0) as manifests

  FILE                        YAML or JSON; - is standard input
  -o, --output FOLDER|-       one file a kind; standard output by default
  --namespace NAME            of the objects (default)
  --adopt match|override      take over what stands in Kong already: only what is the same, or whatever it is
  --with-secrets              writes the values of secrets, and what \${{ env "DECK_…" }} stands for; needs -o FOLDER

Without --with-secrets the Secrets hold placeholders, \${KJO_SECRET_…}: kjo diff and kjo sync take their values from the
environment, the operator takes a key with a placeholder for one that is not there.
What could not be carried over is listed on standard error, and in the output.

Exit code: 0 done, 1 the file cannot be read.`;

const OPTIONS = {
  output: { type: "string", short: "o", default: "-" },
  namespace: { type: "string", default: "default" },
  adopt: { type: "string" },
  "with-secrets": { type: "boolean", default: false },
} as const satisfies NonNullable<Parameters<typeof parseArgs>[0]>["options"];

/** `kjo import`. Returns the exit code. @throws UsageError, FileError */
export function importFile(args: readonly string[]): number {
  const { values, positionals } = readArguments(args, OPTIONS, { files: 1 });
  const [file] = positionals;
  if (file === undefined) throw new UsageError("FILE is missing");
  const withSecrets = values["with-secrets"];
  if (withSecrets && values.output === "-")
    throw new UsageError("--with-secrets needs -o FOLDER: secrets are not printed");
  const adopt = values.adopt === undefined ? undefined : oneOf("--adopt", values.adopt, ["match", "override"] as const);
  const { objects, lost } = importDeck(
    file === "-" ? readStandardInput() : readText(file),
    file === "-" ? "standard input" : file,
    {
      namespace: values.namespace,
      adopt,
      withSecrets,
      variable: environmentVariable,
    },
  );
  for (const each of lost) console.error(`not carried over: ${lostLine(each)}`);
  if (values.output === "-") process.stdout.write(manifestText(objects, lost));
  else writeFolder(values.output, objects, lost);
  console.error(`${objects.length} objects${lost.length === 0 ? "" : `; ${lost.length} things were not carried over`}`);
  return 0;
}
