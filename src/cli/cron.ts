import { parseArgs } from "node:util";
import { nextTimes } from "../cron/next-times.ts";
import { CronSyntaxError, parseSchedule } from "../cron/schedule.ts";

export const CRON_USAGE = `kjo cron SPEC [OPTIONS]: when a schedule in Jenkins' syntax fires

  --seed NAME         what H is made of: namespace/name of a trigger, the full name of a Jenkins job (default: empty)
  --from TIME         the first time that counts, 2026-01-01T00:00:00Z; now by default
  --count N           how many times (default 5, at most 10000)
  --time-zone NAME    zone of a schedule without a TZ= line; UTC by default
  -o text|json        one time a line, or an array of them; times are in UTC

Advice about the schedule goes to stderr. Exit code: 0, 1 for a schedule that is wrong or never fires, 2 for wrong usage.`;

const MAX_COUNT = 10_000;

interface CronArguments {
  readonly spec: string;
  readonly seed: string;
  readonly fromMs: number;
  readonly count: number;
  readonly timeZone: string | undefined;
  readonly isJson: boolean;
}

/** Prints the next times of a schedule. Returns the exit code. */
export function cron(args: readonly string[], now: Date): number {
  let parsed: CronArguments;
  try {
    parsed = parseCronArguments(args, now);
  } catch (error) {
    console.error(`kjo cron: ${(error as Error).message}\n\n${CRON_USAGE}`);
    return 2;
  }
  const { spec, seed, timeZone, fromMs, count, isJson } = parsed;
  try {
    const schedule = parseSchedule(spec, { seed, timeZone });
    const times = nextTimes(schedule, fromMs, count).map((timeMs) => new Date(timeMs).toISOString());
    if (times.length === 0) throw new CronSyntaxError("the schedule never fires: no such day is in the calendar");
    for (const sentence of schedule.advice) console.error(`advice: ${sentence}`);
    console.log(isJson ? JSON.stringify(times) : times.join("\n"));
    return 0;
  } catch (error) {
    if (!(error instanceof CronSyntaxError)) throw error;
    if (isJson) console.log(JSON.stringify({ error: error.message }));
    else console.error(`kjo cron: ${error.message}`);
    return 1;
  }
}

function parseCronArguments(args: readonly string[], now: Date): CronArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "" },
      from: { type: "string" },
      count: { type: "string", default: "5" },
      "time-zone": { type: "string" },
      output: { type: "string", short: "o", default: "text" },
    },
  });
  const [spec, ...more] = positionals;
  if (spec === undefined) throw new Error("SPEC is missing");
  if (more.length > 0) throw new Error(`one SPEC, in quotes; ${JSON.stringify(more[0])} is too much`);
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT)
    throw new Error(`--count: ${JSON.stringify(values.count)} is not a whole number from 1 to ${MAX_COUNT}`);
  if (values.output !== "text" && values.output !== "json")
    throw new Error(`-o: ${JSON.stringify(values.output)} is neither text nor json`);
  const fromMs = values.from === undefined ? nextMinute(now.getTime()) : Date.parse(values.from);
  if (Number.isNaN(fromMs))
    throw new Error(`--from: ${JSON.stringify(values.from)} is not a time as 2026-01-01T00:00:00Z`);
  return { spec, seed: values.seed, fromMs, count, timeZone: values["time-zone"], isJson: values.output === "json" };
}

/** The minute that has begun has been looked at. */
function nextMinute(timeMs: number): number {
  return Math.ceil(timeMs / 60_000) * 60_000;
}
