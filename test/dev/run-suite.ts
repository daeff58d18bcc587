// One mocha run in a process of its own: run-suite.ts <timeout in ms> <grep or ""> <file…>
// Prints as mocha does and sends its parent a SuiteResult.
import Mocha from "mocha";
import { skipReason } from "./skip.ts";
import { emptyResult } from "./summary.ts";

const EXIT_MS = 20_000;

const result = emptyResult();
const [timeout, grep, ...files] = process.argv.slice(2);
const mocha = new Mocha({
  timeout: Number(timeout),
  forbidOnly: true,
  color: process.stdout.isTTY,
  ...(grep ? { grep } : {}),
});
for (const file of files) mocha.addFile(file);
await mocha.loadFilesAsync();
const runner = mocha.run(() => {
  process.send?.(result);
  if (result.failed > 0) process.exitCode = 1;
  setTimeout(reportLeftovers, EXIT_MS).unref();
});
runner.on("pass", () => (result.passed += 1));
runner.on("fail", () => (result.failed += 1));
runner.on("pending", (test) => {
  const reason = skipReason(test);
  if (reason !== undefined) {
    result.skipped.push({ test: test.fullTitle(), reason });
    return;
  }
  result.failed += 1;
  console.error(`    FAILED: "${test.fullTitle()}" is skipped without a reason (use skip of test/dev/skip.ts)`);
});

/** The timer alone would not keep the process alive, so something else does. */
function reportLeftovers(): void {
  console.error(`The tests are over, but something still runs: ${process.getActiveResourcesInfo().join(", ")}`);
  process.exit(1);
}
