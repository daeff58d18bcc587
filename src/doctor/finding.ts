/** `skipped`: could not be looked at, and why. */
export type Level = "ok" | "warning" | "problem" | "skipped";

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at: `cluster`, `crds`, `access`, `operator`, `gateway`, `secrets`, `objects`. */
  readonly check: string;
  /** What it concerns: `KongGateway team-a/default`. */
  readonly subject: string;
  readonly level: Level;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Makes findings of one check. */
export function findingsOf(check: string) {
  const finding =
    (level: Level) =>
    (subject: string, message: string, remedy?: string): Finding => ({
      check,
      subject,
      level,
      message,
      ...(remedy === undefined ? {} : { remedy }),
    });
  return { ok: finding("ok"), warning: finding("warning"), problem: finding("problem"), skipped: finding("skipped") };
}

/** At most `limit` of the words, and how many more there are. */
export function listed(words: readonly string[], limit = 5): string {
  const more = words.length > limit ? ` and ${words.length - limit} more` : "";
  return words.slice(0, limit).join(", ") + more;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
