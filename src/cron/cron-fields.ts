import type { SeededRandom } from "./seeded-random.ts";

/** A line of a schedule that Jenkins would not take. The message says where and what would do. */
export class CronSyntaxError extends Error {
  override readonly name = "CronSyntaxError";
}

export interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** `H` stays below this: every month has a 28th, and Sunday is 0 as well as 7. */
  readonly hashMax: number;
}

/** In the order in which a line has them. */
export const CRON_FIELDS: readonly CronField[] = [
  { name: "minute", min: 0, max: 59, hashMax: 59 },
  { name: "hour", min: 0, max: 23, hashMax: 23 },
  { name: "day of month", min: 1, max: 31, hashMax: 28 },
  { name: "month", min: 1, max: 12, hashMax: 12 },
  { name: "day of week", min: 0, max: 7, hashMax: 6 },
];

/**
 * The values that one field of a line allows. Grammar of a field:
 *
 *   field  = term *("," term)
 *   term   = number | number "-" number ["/" step] | "*" ["/" step] | "H" ["(" number "-" number ")"] ["/" step]
 *
 * Each `H` takes one number from `random`, so fields must be parsed from left to right.
 * @throws CronSyntaxError
 */
export function parseCronField(text: string, field: CronField, random: SeededRandom): Set<number> {
  const values = new Set<number>();
  for (const term of text.split(",")) for (const value of parseTerm(term, text, field, random)) values.add(value);
  return values;
}

const TERM =
  /^(?:(?<star>\*)|(?<hash>H)(?:\((?<from>\d+)-(?<to>\d+)\))?|(?<start>\d+)(?:-(?<end>\d+))?)(?:\/(?<step>\d+))?$/;

function parseTerm(term: string, whole: string, field: CronField, random: SeededRandom): Iterable<number> {
  const groups = TERM.exec(term)?.groups;
  if (!groups) throw new CronSyntaxError(`${describe(field, whole)}: ${remedyFor(term)}`);
  const fail = (why: string): never => {
    throw new CronSyntaxError(`${describe(field, whole)}: ${why}`);
  };
  const within = (text: string): number => {
    const value = Number(text);
    return value >= field.min && value <= field.max
      ? value
      : fail(`${text} is not within ${field.min} and ${field.max}`);
  };
  const step = groups["step"] === undefined ? 1 : Number(groups["step"]);
  if (step === 0) fail("a step must be 1 or more");
  if (groups["hash"]) {
    const from = groups["from"] === undefined ? field.min : within(groups["from"]);
    const to = groups["to"] === undefined ? field.hashMax : within(groups["to"]);
    if (from > to) fail(`the range ${from}-${to} is the wrong way round`);
    if (step > to - from + 1) fail(`the step ${step} is more than the ${to - from + 1} values that H can take`);
    // Without a step H is one value, not every one.
    if (step === 1) return [from + random.nextInt(to - from + 1)];
    return range(from + random.nextInt(step), to, step);
  }
  if (groups["star"]) return range(field.min, field.max, step);
  const start = within(groups["start"] ?? "");
  if (groups["end"] === undefined) {
    if (groups["step"] !== undefined) fail(`a step needs a range: ${start}-${field.max}/${step}`);
    return [start];
  }
  const end = within(groups["end"]);
  return start > end ? fail(`the range ${start}-${end} is the wrong way round`) : range(start, end, step);
}

function* range(start: number, end: number, step: number): Iterable<number> {
  for (let value = start; value <= end; value += step) yield value;
}

function describe(field: CronField, text: string): string {
  return `${field.name} ${JSON.stringify(text)}`;
}

function remedyFor(term: string): string {
  if (/^h/.test(term)) return "H is a capital letter";
  if (/^[A-Za-z]{3,}/.test(term)) return "names of months and days are not taken; use numbers, Sunday is 0";
  if (/^H\/\d+\(/.test(term)) return "the range of H comes before its step: H(0-29)/5";
  if (term === "") return "a value is missing";
  return "use numbers, ranges a-b, *, H, H(a-b), each but a single number with /step, separated by commas";
}
