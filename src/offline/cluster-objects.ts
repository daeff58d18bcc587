import { GATEWAY_KINDS } from "../api/kinds.ts";
import { API_VERSION, LABEL_SECRET } from "../api/names.ts";
import { typeOf, type KongObject } from "../controllers/caches.ts";
import { gatewaySecrets } from "../controllers/gateway-settings.ts";
import { KONG_KINDS } from "../controllers/kong-kinds.ts";
import type { ManifestObject } from "../convert/manifest-writer.ts";
import { secretPlaceholder } from "../convert/placeholders.ts";
import type { KubeClient } from "../kube/client.ts";
import { SECRET, type KubeObject, type Secret } from "../kube/resource.ts";
import type { Manifest } from "./manifest-files.ts";

/** Annotations that say what was done to an object, not what it is. */
const LEFT_OUT = /^(kubectl\.kubernetes\.io\/|kjo\.dev\/reconcile$|reconcile\.fluxcd\.io\/)/;

/**
 * The objects of our kinds and the Secrets that they name, as somebody would have written them.
 * @param namespace all where undefined.
 * @throws KubeApiError
 */
export async function readCluster(client: KubeClient, namespace: string | undefined): Promise<Manifest[]> {
  const where = namespace === undefined ? {} : { namespace };
  const lists = await Promise.all(
    // A build is a wish of its day: what is exported is what a gateway has.
    GATEWAY_KINDS.map(async ({ kind }) =>
      (await client.list<KongObject>(typeOf(kind), where)).items.map((item) => ({ ...item, kind })),
    ),
  );
  const objects = lists.flat().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const named = new Set(objects.flatMap(secretsOf));
  const secrets = await client.list<Secret>(SECRET, { ...where, labelSelector: `${LABEL_SECRET}=true` });
  const kept = secrets.items.filter(({ metadata }) => named.has(`${metadata.namespace}/${metadata.name}`));
  return [
    ...objects.map((object) => ({ ...written(object, API_VERSION, object.kind), spec: object.spec as never })),
    ...kept.map((secret) => ({
      ...written(secret, "v1", "Secret"),
      ...(secret.type === undefined || secret.type === "Opaque" ? {} : { type: secret.type }),
      data: secret.data ?? {},
    })),
  ];
}

/** The manifests for a file: Secrets with their values as text, or with placeholders. */
export function clusterManifests(manifests: readonly Manifest[], withSecrets: boolean): ManifestObject[] {
  return manifests.map(({ source: _source, data, ...manifest }) => {
    if (data === undefined) return manifest as unknown as ManifestObject;
    const { name } = manifest.metadata;
    const stringData = Object.entries(data).map(([key, value]) => [
      key,
      withSecrets ? Buffer.from(value, "base64").toString("utf8") : secretPlaceholder(name, key),
    ]);
    return { ...manifest, stringData: Object.fromEntries(stringData) } as unknown as ManifestObject;
  });
}

function written({ metadata }: KubeObject, apiVersion: string, kind: string): Manifest {
  const { name, namespace = "", labels, annotations = {} } = metadata;
  const kept = Object.fromEntries(Object.entries(annotations).filter(([key]) => !LEFT_OUT.test(key)));
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      ...(labels ? { labels } : {}),
      ...(Object.keys(kept).length > 0 ? { annotations: kept } : {}),
    },
    source: "the cluster",
  };
}

/** `namespace/name` of the Secrets that an object names; none where its spec cannot be read. */
function secretsOf({ kind, metadata, spec }: KongObject): string[] {
  const namespace = metadata.namespace ?? "";
  try {
    const translation = KONG_KINDS.find(({ definition }) => definition.kind === kind)?.translation;
    const secrets = translation ? translation.references(namespace, spec).secrets : gatewaySecrets(spec);
    return secrets.map(({ name }) => `${namespace}/${name}`);
  } catch {
    return [];
  }
}
