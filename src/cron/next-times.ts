import type { CronLine, CronSchedule } from "./schedule.ts";
import { TimeZone, type LocalDay } from "./time-zone.ts";

const DAY_MS = 86_400_000;
/** The calendar repeats itself after so many days: what has not come by then never comes. */
const CYCLE_DAYS = 146_097;

/**
 * The first times at which a schedule fires, from `fromMs` on, that minute included; milliseconds since 1970, full
 * minutes. Fewer than `count` where no more are left: a 31st of February never comes.
 *
 * Jenkins looks at its clock each minute. So a time that the clock skips in spring does not fire, and one that comes
 * twice in autumn fires twice.
 */
export function nextTimes({ lines, timeZone }: CronSchedule, fromMs: number, count: number): number[] {
  const zone = new TimeZone(timeZone);
  const minutesOf = new Map(lines.map((line) => [line, minutesOfDay(line)]));
  const times: number[] = [];
  let day = zone.localDay(fromMs);
  for (let quietDays = 0; times.length < count && quietDays <= CYCLE_DAYS; day = dayAfter(day)) {
    const due = lines.filter((line) => falls(line, day));
    quietDays = due.length > 0 ? 0 : quietDays + 1;
    if (due.length === 0) continue;
    const minutes = [...new Set(due.flatMap((line) => minutesOf.get(line) ?? []))].sort((a, b) => a - b);
    times.push(...zone.momentsOf(day, minutes).filter((moment) => moment >= fromMs));
  }
  return times.slice(0, count);
}

/** The first time at or after `fromMs`; undefined where none is left. */
export function nextTime(schedule: CronSchedule, fromMs: number): number | undefined {
  return nextTimes(schedule, fromMs, 1)[0];
}

function minutesOfDay({ hours, minutes }: CronLine): number[] {
  return [...hours].flatMap((hour) => [...minutes].map((minute) => hour * 60 + minute));
}

function falls(line: CronLine, { year, month, day }: LocalDay): boolean {
  if (!line.months.has(month) || !line.daysOfMonth.has(day)) return false;
  return line.daysOfWeek.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
}

function dayAfter({ year, month, day }: LocalDay): LocalDay {
  const next = new Date(Date.UTC(year, month - 1, day) + DAY_MS);
  return { year: next.getUTCFullYear(), month: next.getUTCMonth() + 1, day: next.getUTCDate() };
}
