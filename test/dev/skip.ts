import type { Context, Hook, Runnable, Suite, Test } from "mocha";

/** Why a test, or all tests of a describe block, cannot run here. */
const reasons = new WeakMap<Runnable | Suite, string>();

/**
 * Skips the test, or from a hook the tests that the hook is for, and keeps the reason for the summary. The only way to skip:
 * the test runner counts a pending test without a reason as failed.
 *
 * Example: `before(async function () { if (!engine) skip(this, "no container engine answers"); })`
 */
export function skip(context: Context, reason: string): never {
  reasons.set(skippedBy(context), reason);
  context.skip();
}

function skippedBy({ test, currentTest }: Context): Runnable | Suite {
  const current = test as Hook | Test;
  if (current.type === "test") return current;
  return current.title.startsWith('"before all"') ? (current.parent as Suite) : (currentTest as Test);
}

/** The reason given for a pending test, by itself or by a describe block around it. */
export function skipReason(test: Runnable): string | undefined {
  let owner: Runnable | Suite | undefined = test;
  while (owner !== undefined) {
    const reason = reasons.get(owner);
    if (reason !== undefined) return reason;
    owner = owner.parent;
  }
  return undefined;
}
