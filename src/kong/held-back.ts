import { NotReadyError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import { selectOperations, type PlannedOperation } from "../plan/plan-order.ts";
import { POLL_MS } from "./balancers.ts";
import type { GatewaySession } from "./session.ts";

/** What of a plan is made now, and what later so that no request is lost. */
export interface HeldBack {
  readonly plan: readonly PlannedOperation[];
  /** A service waits for its new upstream. */
  readonly waiting: NotReadyError | undefined;
  /** What is merely to be removed can go after this time. */
  readonly removeAfterMs: number | undefined;
}

/**
 * Takes out of a plan what would cost requests now: a service's way to an upstream whose balancer is not built, and the
 * removal of an upstream that workers still use.
 * @throws KongUnavailableError, GatewayAuthError
 */
export async function holdBack(session: GatewaySession, plan: readonly PlannedOperation[]): Promise<HeldBack> {
  const held = new Set<PlannedOperation>();
  const left = new Set<string>();
  let waiting: NotReadyError | undefined;
  let removeAfterMs: number | undefined;
  for (const operation of plan) {
    const hosts = movedHost(session, operation);
    if (!hosts) continue;
    left.add(hosts.before);
    const waitMs = await waitForHost(session, plan, hosts.after);
    if (waitMs === 0) continue;
    held.add(operation);
    waiting ??= new NotReadyError(
      "WaitingForBalancer",
      `the service goes over to ${hosts.after} when the gateway's workers have built its balancer; until then ${hosts.before} serves`,
      { retryAfterMs: waitMs },
    );
  }
  for (const operation of plan) {
    const { action, entity } = operation;
    if (action !== "delete" || entity.type !== "upstreams") continue;
    const name = textOf(entity.fields["name"]);
    const leavingMs = left.has(name) ? session.balancers.settleMs : session.balancers.leavingMs(name);
    if (leavingMs === 0) continue;
    held.add(operation);
    removeAfterMs = Math.max(removeAfterMs ?? 0, leavingMs);
  }
  if (held.size === 0) return { plan, waiting, removeAfterMs };
  return { plan: selectOperations(plan, (operation) => !held.has(operation)), waiting, removeAfterMs };
}

/** The hosts of a service that is in Kong and is to have another one. */
export function movedHost(
  { mirror }: Pick<GatewaySession, "mirror">,
  { action, entity }: Pick<PlannedOperation, "action" | "entity">,
): { before: string; after: string } | undefined {
  if (action !== "update" || entity.type !== "services") return undefined;
  const before = textOf(mirror.get("services", entity.id)?.fields["host"]);
  const after = textOf(entity.fields["host"]);
  return before === "" || before === after ? undefined : { before, after };
}

/** 0 for a host that is no upstream of ours, or one that has its balancer. */
async function waitForHost(session: GatewaySession, plan: readonly PlannedOperation[], host: string): Promise<number> {
  const isName = ({ fields }: { readonly fields: JsonObject }): boolean => fields["name"] === host;
  const isNew = plan.some(({ action, entity }) => action === "create" && entity.type === "upstreams" && isName(entity));
  if (isNew) return POLL_MS;
  const upstream = session.mirror.ofType("upstreams");
  for (const entry of upstream) if (isName(entry)) return session.balancers.waitMs(entry.id);
  return 0;
}

function textOf(value: JsonObject[string] | undefined): string {
  return typeof value === "string" ? value : "";
}
