import { parseSpec } from "../../api/parse.ts";
import { JenkinsServer } from "../../api/v1alpha1/jenkins-server.ts";
import { JenkinsUnavailableError } from "../../errors.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import type { ConditionDraft } from "../../report/conditions.ts";
import { deliveryFailed, deliveryReady } from "../../report/delivery-conditions.ts";
import { mergeConditions } from "../../report/merge-conditions.ts";
import { reconcileRequest } from "../../report/object-status.ts";
import type { ReconcileResult } from "../../runtime/outcome.ts";
import { typeOf, type KongObject } from "../caches.ts";
import type { DeliveryContext } from "./context.ts";
import { jenkinsSettings } from "./jenkins-settings.ts";

/** How often a server that is well is looked at. */
const CHECK_MS = 60_000;
/** And one that is away: builds wait for it. */
const RETRY_MS = 5_000;

/**
 * One reconcile of a JenkinsServer: a connection with the settings of its spec, and a status that says how it is.
 * @throws OperatorError whose policy decides when it is tried again; the status has been told by then.
 */
export async function reconcileJenkinsServer(context: DeliveryContext, key: ObjectKey): Promise<ReconcileResult> {
  const object = context.caches.get(key);
  if (!object || object.metadata.deletionTimestamp !== undefined) {
    await context.servers.disconnect(key);
    return {};
  }
  try {
    const spec = parseSpec(JenkinsServer, object);
    const settings = jenkinsSettings(key, spec, (name) => context.caches.secretData(key.namespace, name));
    const isNew = context.servers.get(key) === undefined;
    const { client, follower } = context.servers.connect(key, spec, settings);
    if (isNew) for (const user of context.caches.usersOf(key)) context.enqueue(user);
    const { version, user, isQuietingDown, isReadable } = await client.server();
    const isBack = context.servers.note(key, "there");
    if (isBack) for (const build of context.caches.usersOf(key)) context.enqueue(build);
    const who = `Jenkins ${version ?? ""} answers ${user}`;
    const but = isReadable
      ? isQuietingDown && "it starts no builds for now"
      : "it shows nothing to anonymous, so that only builds by remote-trigger tokens can be asked for";
    report(context, object, deliveryReady("Connected", but ? `${who}; ${but}` : who), {
      ...(version === undefined ? {} : { version }),
      user,
      ...(isReadable ? { crumbs: await client.wantsCrumbs() } : {}),
      quietingDown: isQuietingDown,
      ...(client.run === undefined ? {} : { session: client.run }),
      builds: follower.size,
    });
    return { requeueAfterMs: CHECK_MS };
  } catch (error) {
    const drafts = deliveryFailed(error);
    if (drafts) report(context, object, drafts, {});
    context.servers.note(key, "away");
    if (!(error instanceof JenkinsUnavailableError)) throw error;
    context.logger.debug("Jenkins is away", { key: formatKey(key), error });
    return { requeueAfterMs: RETRY_MS };
  }
}

function report(
  context: DeliveryContext,
  object: KongObject,
  drafts: readonly ConditionDraft[],
  facts: Readonly<Record<string, unknown>>,
): void {
  const { generation, annotations } = object.metadata;
  const request = reconcileRequest(annotations);
  context.statuses.submit(typeOf(object.kind), object, {
    ...object.status,
    ...facts,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    ...(request === undefined ? {} : { lastHandledReconcileAt: request }),
    conditions: mergeConditions(object.status?.conditions, drafts, generation),
  });
}
