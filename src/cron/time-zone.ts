const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name !== "";
  } catch {
    return false;
  }
}

/** A day of the calendar; month 1 to 12. */
export interface LocalDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

type WallClock = Record<"year" | "month" | "day" | "hour" | "minute" | "second", number>;

/** Reads wall clocks of one time zone. Times are milliseconds since 1970 UTC. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for a name that {@link isTimeZone} refuses. */
  constructor(name: string) {
    const numeric = "numeric";
    this.#format = new Intl.DateTimeFormat("en", {
      timeZone: name,
      calendar: "iso8601",
      hourCycle: "h23",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  }

  /** Difference of the wall clock to UTC at a moment. */
  offsetMs(timeMs: number): number {
    const { year, month, day, hour, minute, second } = this.#read(timeMs);
    const wall = Date.UTC(year, month - 1, day, hour, minute, second);
    return wall - Math.floor(timeMs / 1000) * 1000;
  }

  localDay(timeMs: number): LocalDay {
    const { year, month, day } = this.#read(timeMs);
    return { year, month, day };
  }

  /**
   * The moments at which the wall clock shows each of these minutes of a day: none for one that the clock skips in
   * spring, two for one that comes twice in autumn. In order of time.
   */
  momentsOf(day: LocalDay, minutesOfDay: readonly number[]): number[] {
    const midnight = Date.UTC(day.year, day.month - 1, day.day);
    const before = this.offsetMs(midnight - DAY_MS / 2);
    const after = this.offsetMs(midnight + DAY_MS * 1.5);
    const offsets = before === after ? [before] : [before, after];
    const moments: number[] = [];
    for (const minute of minutesOfDay) {
      const wall = midnight + minute * MINUTE_MS;
      for (const offset of offsets) {
        if (offsets.length === 1 || this.offsetMs(wall - offset) === offset) moments.push(wall - offset);
      }
    }
    return offsets.length === 1 ? moments : moments.sort((a, b) => a - b);
  }

  #read(timeMs: number): WallClock {
    const parts = this.#format.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]);
    return Object.fromEntries(parts) as WallClock;
  }
}
