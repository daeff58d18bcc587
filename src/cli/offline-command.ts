import { OperatorError } from "../errors.ts";
import { AdminRejection } from "../kong/admin-client.ts";
import { KubeApiError } from "../kube/api-error.ts";
import { UsageError } from "../offline/gateways.ts";
import { FileError } from "../offline/manifest-files.ts";

const EXPECTED = [FileError, OperatorError, AdminRejection, KubeApiError];

/** Runs a command that works without the operator; what goes wrong is one line, and exit code 1. */
export async function offlineCommand(name: string, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof UsageError) console.error(`kjo ${name}: ${error.message}; see kjo ${name} --help`);
    else if (EXPECTED.some((type) => error instanceof type)) console.error(`kjo ${name}: ${(error as Error).message}`);
    else throw error;
    return 1;
  }
}
