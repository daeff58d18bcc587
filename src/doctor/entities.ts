import { parseOwnershipTags, TAG_INSTANCE } from "../model/identity.ts";
import { isJsonObject, type JsonObject } from "../model/json.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { AdminClient } from "../kong/admin-client.ts";
import { findingsOf, listed, type Finding } from "./finding.ts";

const { ok, problem, warning } = findingsOf("gateway");

const COLLECTIONS = ["services", "routes", "upstreams", "plugins", "consumers", "certificates", "ca_certificates"];
/** Of one collection no more is read; pages have 1,000 entities. */
const MOST_PAGES = 50;

export interface EntityOptions {
  /** What our tags call the gateway; undefined for a gateway that no KongGateway names. */
  readonly instance?: string | undefined;
  /** uid of our kube-system; undefined where it is not known. */
  readonly cluster?: string | undefined;
  /** Whether the cluster has the object; undefined where nobody can tell. */
  readonly exists?: ((key: ObjectKey) => boolean | undefined) | undefined;
}

/** Whose entities the gateway holds. */
export async function entityFindings(subject: string, client: AdminClient, options: EntityOptions): Promise<Finding[]> {
  const holders = new Map<string, Map<string, number>>();
  const orphans: string[] = [];
  let unmarked = 0;
  for (const collection of COLLECTIONS) {
    for (const entity of await listAll(client, collection)) {
      const tags = Array.isArray(entity["tags"]) ? entity["tags"].filter((tag) => typeof tag === "string") : [];
      const marks = parseOwnershipTags(tags);
      if (!marks) {
        unmarked += tags.some((tag) => tag.startsWith(TAG_INSTANCE)) ? 0 : 1;
        continue;
      }
      const holder = `${marks.instance} ${marks.cluster}`;
      const counts = holders.get(holder) ?? new Map<string, number>();
      holders.set(holder, counts.set(collection, (counts.get(collection) ?? 0) + 1));
      const isOurs = marks.instance === options.instance && marks.cluster === options.cluster;
      if (isOurs && options.exists?.(marks.owner) === false) orphans.push(`${collection} of ${formatKey(marks.owner)}`);
    }
  }
  return [
    ...[...holders].map(([holder, counts]) => holderFinding(subject, holder, counts, options)),
    ok(subject, `${unmarked} entities are nobody's that the operator knows; it leaves them alone`),
    ...(orphans.length === 0
      ? []
      : [
          warning(
            subject,
            `${orphans.length} entities carry our marks and belong to no object: ${listed(orphans)}`,
            "the operator removes them at its next look, unless spec.prune of the KongGateway says otherwise: see its condition Orphans",
          ),
        ]),
  ];
}

function holderFinding(
  subject: string,
  holder: string,
  counts: ReadonlyMap<string, number>,
  options: EntityOptions,
): Finding {
  const [instance = "", cluster = ""] = holder.split(" ");
  const held = [...counts].map(([collection, count]) => `${count} ${collection}`).join(", ");
  if (instance !== options.instance || options.cluster === undefined)
    return ok(subject, `instance ${instance} of cluster ${cluster} holds ${held}`);
  if (cluster === options.cluster) return ok(subject, `our instance ${instance} holds ${held}`);
  return problem(
    subject,
    `our instance ${instance} is held by another cluster, ${cluster}: ${held}`,
    `if that cluster is gone: spec.takeOver: ${cluster}; else give one of the two KongGateways another spec.instance`,
  );
}

async function listAll(client: AdminClient, collection: string): Promise<JsonObject[]> {
  const entities: JsonObject[] = [];
  let next: string | undefined = `/${collection}?size=1000`;
  for (let page = 0; next !== undefined && page < MOST_PAGES; page++) {
    const body: JsonObject | undefined = await client.find(next, collection);
    // An empty table sometimes comes as {}.
    entities.push(...Object.values(body?.["data"] ?? {}).filter(isJsonObject));
    const offset: unknown = body?.["offset"];
    next = typeof offset === "string" ? `/${collection}?size=1000&offset=${encodeURIComponent(offset)}` : undefined;
  }
  return entities;
}
