import type { KongEntity } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Verification } from "../model/verification.ts";
import { withoutExpired } from "../plan/lifetime.ts";
import type { KongObject } from "./caches.ts";
import type { CommonSpec } from "./common-spec.ts";
import type { ControllerContext } from "./context.ts";
import type { Gateway } from "./gateways.ts";
import { generateSecrets } from "./generate-secrets.ts";
import type { KongKind } from "./kong-kinds.ts";
import { observe, type Observed } from "./observe.ts";
import { checkTenancy } from "./tenancy.ts";
import { endpointProblem } from "./tenant-context.ts";

/** What an object asks of its gateway, whatever others ask. */
export interface Translated extends Pick<Observed, "backendProblems" | "keepTargets"> {
  readonly desired: readonly KongEntity[];
  /** What shows whether a route serves, where it asks for that. */
  readonly verification: Verification | undefined;
  /** The object's targets are found behind its backends. */
  readonly hasFoundTargets: boolean;
  /** Until the first entity's time is over; undefined where none has an end. */
  readonly nextEndMs: number | undefined;
}

/**
 * The stages observe and translate, and what the object's namespace may do.
 * @throws OperatorError where something is missing, not ready, not permitted or wrong.
 */
export async function translateObject(
  context: ControllerContext,
  kind: KongKind,
  spec: CommonSpec,
  { key, object, gateway }: { readonly key: ObjectKey; readonly object: KongObject; readonly gateway: Gateway },
): Promise<Translated> {
  const references = kind.translation.references(key.namespace, spec);
  const madeSecrets = await generateSecrets(context, object, references.secrets);
  const { cluster, caches, consul } = context;
  // Before anybody is asked anything on the object's behalf.
  if (references.consuls) checkTenancy(context, object, gateway, { spec, desired: [] });
  const judged = { endpointProblem: endpointProblem(context, object, gateway) };
  const observed = observe({ owner: key, references, gateway, cluster, caches, consul, madeSecrets, ...judged });
  const translated = kind.translation.translate(spec, observed);
  const { living, nextEndMs } = withoutExpired(translated, context.now().getTime());
  checkTenancy(context, object, gateway, { spec, desired: living });
  return {
    desired: living,
    verification: kind.translation.verification?.(spec, observed),
    hasFoundTargets: (references.services ?? []).length + (references.consuls ?? []).length > 0,
    keepTargets: observed.keepTargets,
    backendProblems: observed.backendProblems,
    nextEndMs,
  };
}
