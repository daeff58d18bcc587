import { NotReadyError } from "../errors.ts";
import type { KongEntity, KongOperation } from "../model/kong-entity.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { referencesOf } from "../plan/entity-graph.ts";
import { AdminRejection } from "./admin-client.ts";
import type { Failure } from "./apply.ts";
import { conflictError } from "./conflict.ts";
import { upstreamIdOf } from "./entity-paths.ts";
import { isMissingReference, isTaken, rejectedError } from "./rejection.ts";
import type { GatewaySession } from "./session.ts";
import { concernsGateway } from "./writer.ts";

/** The error to show for a plan's failures: a gateway that cannot be written to before a refusal, else the first. */
export async function explainFailures(
  session: GatewaySession,
  owner: ObjectKey,
  failures: readonly Failure[],
): Promise<unknown> {
  const ofGateway = failures.find(({ error }) => concernsGateway(error) || error instanceof NotReadyError);
  if (ofGateway) return ofGateway.error;
  const [first] = failures;
  if (!(first?.error instanceof AdminRejection)) return first?.error;
  const { entity } = first.operation;
  if (isTaken(first.error)) return conflictError(session, owner, entity, first.error);
  if (isMissingReference(first.error)) awaitReferences(session, owner, entity, first.error);
  if (entity.type === "targets" && first.error.status === 404) return noteLostTarget(session, first.operation);
  return rejectedError(entity, first.error, session.catalog.complete(entity).unknown);
}

/** A target is written under the path of its upstream: where that answers 404 the mirror is wrong, and is told so. */
function noteLostTarget(session: GatewaySession, { action, entity }: KongOperation): NotReadyError {
  const upstreamId = upstreamIdOf(entity.fields);
  if (action !== "create") session.noteVanished("targets", entity.id);
  else if (upstreamId !== undefined) session.noteVanished("upstreams", upstreamId);
  return new NotReadyError("RefNotReady", "Kong has lost the upstream or its target; they are written anew");
}

/** The owner is told when what it refers to stands in Kong; if the mirror thinks that it does, the mirror is wrong. */
function awaitReferences(
  session: GatewaySession,
  owner: ObjectKey,
  entity: KongEntity,
  rejection: AdminRejection,
): void {
  const said = JSON.stringify(rejection.kong.fields);
  for (const { type, id } of referencesOf(entity.type, entity.fields)) {
    if (said.includes(id)) session.noteVanished(type, id);
    session.waiting.add(id, owner);
  }
}
