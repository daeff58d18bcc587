import type { CronLine } from "./schedule.ts";

/** More days than this in a month is a cycle, unless it is nearly every day. */
const FEW_DAYS = 5;
const NEARLY_ALL_DAYS = 28;
/** Jenkins leaves the 31st out of its count. */
const COUNTED_DAYS = 30;

/**
 * What Jenkins warns of in a line that it takes; undefined where there is nothing. The cases are Jenkins', the words ours.
 * Source: hudson.scheduler.CronTab, checkSanity and hashify.
 */
export function adviceFor(line: CronLine): string | undefined {
  const { text } = line;
  if (line.minutes.size === 60) {
    return `${quoted(text)} fires every minute; for once an hour write ${quoted(withMinute("H", text))}`;
  }
  const days = [...line.daysOfMonth].filter((day) => day <= COUNTED_DAYS).length;
  if (days > FEW_DAYS && days < NEARLY_ALL_DAYS) {
    return `${quoted(text)}: the days of the month do not go on evenly from one month to the next`;
  }
  const spread = spreadOut(text);
  return spread === undefined
    ? undefined
    : `${quoted(text)} fires together with others; ${quoted(spread)} spreads the load`;
}

/** The line with `H` in the place of a fixed minute; undefined where it has an H or the minutes are chosen on purpose. */
function spreadOut(text: string): string | undefined {
  if (text.includes("H")) return undefined;
  if (text.startsWith("*/")) return `H${text.slice(1)}`;
  if (/^\d+ ./.test(text)) return withMinute("H", text);
  const period = Number(/^0,(\d+)/.exec(text)?.[1] ?? 0);
  if (period === 0) return undefined;
  const minutes = Array.from({ length: Math.ceil(60 / period) }, (_, index) => index * period).join(",");
  return text.startsWith(`${minutes} `) ? withMinute(`H/${period}`, text) : undefined;
}

function withMinute(minute: string, text: string): string {
  return `${minute} ${text.slice(text.indexOf(" ") + 1)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
