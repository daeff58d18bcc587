import { KongGateway } from "../api/v1alpha1/kong-gateway.ts";
import { GROUP, VERSION } from "../api/names.ts";
import type { KindDefinition } from "../api/kind.ts";
import { isForbidden } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { formatKey } from "../model/object-key.ts";
import { lookAtAccess } from "./access.ts";
import { lookAtCluster } from "./cluster.ts";
import { lookAtCrds } from "./crds.ts";
import { findingsOf, textOf, type Finding } from "./finding.ts";
import { lookAtGateway, type GatewayObject } from "./gateways.ts";
import { objectFindings, type StatusObject } from "./objects.ts";
import { lookAtOperator } from "./operator.ts";
import { lookAtSecrets } from "./secrets.ts";

const { problem, skipped, warning } = findingsOf("gateway");

export interface ExamineOptions {
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  readonly operatorNamespace?: string | undefined;
  readonly leaseName: string;
  /** In place of the one that the operator's Deployment names. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string } | undefined;
  readonly now: Date;
}

/** Looks at everything in a cluster that the operator needs, one thing after the other; changes nothing. */
export async function examineCluster(client: KubeClient, options: ExamineOptions): Promise<Finding[]> {
  const cluster = await lookAtCluster(client);
  if (!cluster.isReachable) return [...cluster.findings];
  const crds = await lookAtCrds(client);
  const operator = await lookAtOperator(client, { ...options, namespace: options.operatorNamespace });
  const access = await lookAtAccess(client, {
    serviceAccount: options.serviceAccount ?? operator.serviceAccount,
    operatorNamespace: operator.namespace ?? "default",
    leaseName: options.leaseName,
    namespaces: options.namespace === undefined ? [] : [options.namespace],
  });
  const lists = await Promise.all(crds.served.map((definition) => listObjects(client, definition, options.namespace)));
  const objects = lists.flatMap((list) => list.objects);
  const secrets = await lookAtSecrets(client, objects);
  const listedKinds = new Set(lists.filter(({ isComplete }) => isComplete).map(({ kind }) => kind));
  const known = new Set(
    objects.map(({ kind, metadata }) => formatKey({ kind, namespace: metadata.namespace ?? "", name: metadata.name })),
  );
  const gateways = await Promise.all(
    objects
      .filter(({ kind }) => kind === KongGateway.kind)
      .map((object) =>
        lookAtGateway(object as GatewayObject, secrets.data, {
          cluster: cluster.uid,
          exists: (key) => (listedKinds.has(key.kind) ? known.has(formatKey(key)) : undefined),
        }),
      ),
  );
  return [
    ...cluster.findings,
    ...crds.findings,
    ...operator.findings,
    ...access,
    ...lists.flatMap(({ findings }) => findings),
    ...(gateways.length === 0
      ? [warning("KongGateway", "there is none", "say where your Kong is: docs/usage.md")]
      : gateways.flat()),
    ...secrets.findings,
    ...objectFindings(objects),
  ];
}

interface Listed {
  readonly kind: string;
  readonly objects: readonly StatusObject[];
  /** True where all objects of the kind are there, of all namespaces. */
  readonly isComplete: boolean;
  readonly findings: readonly Finding[];
}

async function listObjects(
  client: KubeClient,
  { kind, plural }: KindDefinition,
  namespace: string | undefined,
): Promise<Listed> {
  const type = { group: GROUP, version: VERSION, plural, kind, namespaced: true };
  try {
    const { items } = await client.list<StatusObject>(type, namespace === undefined ? {} : { namespace });
    return { kind, objects: items, isComplete: namespace === undefined, findings: [] };
  } catch (error) {
    const finding = isForbidden(error)
      ? skipped(plural, "you may not list them", "look at one namespace: -n NAME")
      : problem(plural, textOf(error));
    return { kind, objects: [], isComplete: false, findings: [{ ...finding, check: "objects" }] };
  }
}
