import type { Context } from "mocha";
import { findHelm, HelmUnavailableError } from "../dev/helm.ts";
import { skip } from "../dev/skip.ts";

/** The path of a Helm; from a hook it skips the tests that need one, with the reason. */
export async function helmOrSkip(context: Context): Promise<string> {
  context.timeout(15 * 60_000); // it may have to be built
  try {
    return await findHelm();
  } catch (error) {
    if (error instanceof HelmUnavailableError) skip(context, error.message);
    throw error;
  }
}
