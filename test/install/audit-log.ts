import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Use } from "./grants.ts";

/** Of an event of the API server's audit log, what is read here. Source: audit.k8s.io/v1 Event. */
interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * What a user has asked of the API server, requests for resources only: paths such as /version are everybody's. A watch is
 * in the log when it has ended.
 */
export async function usesOf(auditLogPath: string, username: string): Promise<Use[]> {
  const uses: Use[] = [];
  for await (const line of createInterface({ input: createReadStream(auditLogPath) })) {
    if (!line.includes(username)) continue;
    const event = JSON.parse(line) as AuditEvent;
    if (event.user.username !== username || !event.objectRef?.resource) continue;
    const { resource, subresource, apiGroup = "", namespace = "", name = "" } = event.objectRef;
    uses.push({
      verb: event.verb,
      group: apiGroup,
      resource: subresource ? `${resource}/${subresource}` : resource,
      namespace,
      name,
      isAllowed: event.annotations?.["authorization.k8s.io/decision"] === "allow",
    });
  }
  return uses;
}
