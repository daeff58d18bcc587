import { KINDS } from "../api/kinds.ts";
import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import type { GatewayConnection } from "../kong/gateway-connection.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { ConditionDraft } from "../report/conditions.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";

/** Most owners that a message lists. */
const LISTED = 5;

/**
 * Removes from a gateway what carries our marks and belongs to no object any more, as its policy and guard allow.
 * Returns the condition that names what stays; none where nothing does.
 * @throws KongUnavailableError, GatewayAuthError
 */
export async function pruneOrphans(
  context: ControllerContext,
  object: KongObject,
  connection: GatewayConnection,
  { policy, maxPercent }: KongGatewaySpec["prune"],
): Promise<ConditionDraft[]> {
  const outcome = await connection.prune({
    known: (owner) => !isOurKind(owner) || context.caches.get(owner) !== undefined,
    watches: context.watches,
    policy,
    maxPercent,
  });
  if (outcome.deleted.length > 0) {
    // An object that was made anew in this very moment may have counted on what is gone now.
    for (const { entity } of outcome.deleted) if (context.caches.get(entity.owner)) context.enqueue(entity.owner);
    const message = `Removed from Kong, because their objects are gone: ${listed(outcome.deleted.map(({ entity }) => entity.owner))}`;
    context.events.record(object, { type: "Normal", reason: "OrphansRemoved", message, action: "Prune" });
  }
  const left = outcome.orphans.length - outcome.deleted.length;
  if (left <= 0) return [];
  const owners = listed(outcome.orphans.map(({ owner }) => owner));
  const what = `${left} entities in Kong belong to no object (${owners})`;
  if (outcome.isOverLimit) {
    const remedy = `more than the ${outcome.limit} that spec.prune.maxPercent lets one pass remove; raise it if they may go`;
    return [{ type: "Orphans", status: "True", reason: "OverLimit", message: `${what}: ${remedy}` }];
  }
  const reason = policy === "Report" ? "ReportOnly" : "Blocked";
  const why =
    policy === "Report" ? "spec.prune.policy is Report" : outcome.blocked.map(({ message }) => message).join("; ");
  return [{ type: "Orphans", status: "True", reason, message: `${what}: ${why}` }];
}

/** Objects of a kind that a newer version of the operator has are not missing: this one just does not see them. */
function isOurKind(owner: ObjectKey): boolean {
  return KINDS.some(({ kind }) => kind === owner.kind);
}

function listed(owners: readonly ObjectKey[]): string {
  const names = [...new Set(owners.map(formatKey))];
  return names.slice(0, LISTED).join(", ") + (names.length > LISTED ? ` and ${names.length - LISTED} more` : "");
}
