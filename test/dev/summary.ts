/** What the tests of a suite came to; a failed hook counts as a failed test. */
export interface SuiteResult {
  passed: number;
  failed: number;
  skipped: SkippedTest[];
}

export interface SkippedTest {
  readonly test: string;
  readonly reason: string;
}

export function emptyResult(): SuiteResult {
  return { passed: 0, failed: 0, skipped: [] };
}

/**
 * Each reason with the tests that it kept from running, then the line for programs, which is always the last:
 * `N passed, N failed, N skipped`.
 */
export function summaryLines(total: SuiteResult): string[] {
  const byReason = Map.groupBy(total.skipped, ({ reason }) => reason);
  const skips = [...byReason].flatMap(([reason, tests]) => [
    `  skipped: ${reason}`,
    ...tests.map(({ test }) => `    - ${test}`),
  ]);
  return [...skips, `${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`];
}
