import type { Context, Suite } from "mocha";
import { skip } from "../dev/skip.ts";
import { isDbless } from "./setup-kong.ts";

/** A describe block of what makes no sense at a gateway without a database: there it is one skip with its reason. */
export function describeWithDatabase(title: string, why: string, body: (this: Suite) => void): void {
  if (!isDbless(process.env)) {
    describe(title, body);
    return;
  }
  describe(title, () => {
    it("needs a gateway with a database", function () {
      needsDatabase(this, why);
    });
  });
}

/** Skips one test that makes no sense at a gateway without a database. */
export function needsDatabase(context: Context, why: string): void {
  if (isDbless(process.env)) skip(context, `a gateway without a database: ${why}`);
}
