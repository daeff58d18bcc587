import { parseArgs } from "node:util";

export const USAGE = `npm run bench -- [OPTIONS]

  --services N      services, and as many routes (default 1000)
  --changes N       single changes to measure (default 50)
  --upstreams       an upstream with two targets for each service
  --kong URL        Admin API of a real Kong; default: the stand-in at a real Kong's pace
  --dbless          the stand-in has no database
  --no-apply        leave out bulk.fromApplySeconds, which takes longest
  --json            print nothing but the result on stdout
  --help            this text

The last line on stdout is the result, one line of JSON.`;

export interface BenchOptions {
  readonly services: number;
  readonly changes: number;
  readonly upstreams: boolean;
  readonly kong: string | undefined;
  readonly dbless: boolean;
  readonly apply: boolean;
  readonly json: boolean;
}

/** @throws Error that says what is wrong with the arguments. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      services: { type: "string", default: "1000" },
      changes: { type: "string", default: "50" },
      upstreams: { type: "boolean", default: false },
      kong: { type: "string" },
      dbless: { type: "boolean", default: false },
      apply: { type: "boolean", default: true },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  if (values.kong !== undefined && values.dbless)
    throw new Error("--dbless is for the stand-in; a Kong says by itself whether it has a database");
  return {
    services: count("--services", values.services),
    changes: count("--changes", values.changes),
    upstreams: values.upstreams,
    kong: values.kong === undefined ? undefined : address("--kong", values.kong),
    dbless: values.dbless,
    apply: values.apply,
    json: values.json,
  };
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${flag}: ${JSON.stringify(text)} is not a whole number above 0`);
  return value;
}

function address(flag: string, text: string): string {
  if (!/^https?:\/\/[^/]/.test(text)) throw new Error(`${flag}: ${JSON.stringify(text)} is not an http or https URL`);
  return text.replace(/\/+$/, "");
}
