import { adviceFor } from "./advice.ts";
import { CRON_FIELDS, CronSyntaxError, parseCronField } from "./cron-fields.ts";
import { SeededRandom } from "./seeded-random.ts";
import { isTimeZone } from "./time-zone.ts";

export { CronSyntaxError } from "./cron-fields.ts";

/** One line: what each field allows. All of them must hold, day of month AND day of week included. */
export interface CronLine {
  readonly text: string;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly daysOfWeek: ReadonlySet<number>;
}

export interface CronSchedule {
  readonly lines: readonly CronLine[];
  /** IANA name. */
  readonly timeZone: string;
  /** What Jenkins would warn of, one sentence a line. */
  readonly advice: readonly string[];
}

export interface CronOptions {
  /** What `H` is made of: the full name of a Jenkins job, here namespace/name of the object. */
  readonly seed: string;
  /** Zone of a schedule that has no `TZ=` line; UTC where neither is given. */
  readonly timeZone?: string | undefined;
}

/** Source: the documentation of Jenkins' "Build periodically". */
const ALIASES: Readonly<Record<string, string>> = {
  "@yearly": "H H H H *",
  "@annually": "H H H H *",
  "@monthly": "H H H * *",
  "@weekly": "H H * * H",
  "@daily": "H H * * *",
  "@midnight": "H H(0-2) * * *",
  "@hourly": "H * * * *",
};

/**
 * A schedule as Jenkins reads it: lines of five fields, `#` comments, and perhaps a first line `TZ=Europe/Rome`.
 *
 *   parseSchedule("H H(0-7) * * 1-5", { seed: "shop/nightly" })
 *
 * @throws CronSyntaxError naming the line.
 */
export function parseSchedule(text: string, options: CronOptions): CronSchedule {
  const random = new SeededRandom(options.seed);
  const lines: CronLine[] = [];
  let zone: string | undefined;
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trim();
    if (index === 0 && line.startsWith("TZ=")) zone = line.slice(3).trim();
    else if (line !== "" && !line.startsWith("#")) lines.push(parseLine(line, index + 1, random));
  });
  for (const name of [zone, options.timeZone]) {
    if (name !== undefined && !isTimeZone(name))
      throw new CronSyntaxError(`${JSON.stringify(name)} is not a time zone; use a name such as Europe/Rome or UTC`);
  }
  if (zone !== undefined && options.timeZone !== undefined && zone !== options.timeZone) {
    throw new CronSyntaxError(
      `TZ=${zone} contradicts the time zone ${options.timeZone} that is given beside; remove one`,
    );
  }
  if (lines.length === 0)
    throw new CronSyntaxError("the schedule has no line; for every day at some time write H H * * *");
  const advice = lines.flatMap((line) => adviceFor(line) ?? []);
  return { lines, timeZone: zone ?? options.timeZone ?? "UTC", advice };
}

function parseLine(text: string, number: number, random: SeededRandom): CronLine {
  const where = `line ${number} ${JSON.stringify(text)}`;
  const expanded = text.startsWith("@") ? ALIASES[text] : text;
  if (expanded === undefined) {
    throw new CronSyntaxError(`${where}: not an alias that Jenkins has; there are ${Object.keys(ALIASES).join(", ")}`);
  }
  const parts = expanded.split(/[ \t]+/);
  if (parts.length !== CRON_FIELDS.length) {
    const names = CRON_FIELDS.map(({ name }) => name).join(", ");
    throw new CronSyntaxError(`${where}: ${parts.length} fields instead of five: ${names}`);
  }
  try {
    const [minutes, hours, daysOfMonth, months, daysOfWeek] = CRON_FIELDS.map((field, index) =>
      parseCronField(parts[index] ?? "", field, random),
    ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
    if (daysOfWeek.delete(7)) daysOfWeek.add(0);
    return { text, minutes, hours, daysOfMonth, months, daysOfWeek };
  } catch (error) {
    if (error instanceof CronSyntaxError) throw new CronSyntaxError(`${where}: ${error.message}`);
    throw error;
  }
}
