import type { Cluster } from "./setup-cluster.ts";
import { OUR_KINDS } from "./setup-cluster.ts";
import { COLLECTIONS, type Kong, type KongEntityFields } from "./setup-kong.ts";

const NAME_FIELDS = ["name", "username", "instance_name"];

/** Entities of Kong whose name or tags a run made, `services/…`, in an order in which they can be deleted. */
export async function findInKong(kong: Kong, isOfRun: (text: string) => boolean): Promise<string[]> {
  const isMade = (entity: KongEntityFields): boolean =>
    [...(entity.tags ?? []), ...NAME_FIELDS.map((field) => entity[field])].some(
      (text) => typeof text === "string" && isOfRun(text),
    );
  const found: string[] = [];
  for (const collection of COLLECTIONS) {
    const entities = await kong.list(`/${collection}`);
    found.push(...entities.filter(isMade).map(({ id }) => `${collection}/${id}`));
  }
  return found;
}

/** Deletes what a run has made, also what nobody owns any more; others' things stay. */
export async function sweepKong(kong: Kong, isOfRun: (text: string) => boolean): Promise<string[]> {
  const found = await findInKong(kong, isOfRun);
  for (const path of found) await kong.tryAdmin("DELETE", `/${path}`);
  return found;
}

/** Removes namespaces of a run with all in them; nobody is there to clean up after their objects any more. */
export async function sweepCluster(cluster: Cluster, isOfRun: (text: string) => boolean): Promise<void> {
  const namespaces = (await cluster.list("Namespace", "")).map(({ metadata }) => metadata.name).filter(isOfRun);
  for (const namespace of namespaces) {
    for (const kind of OUR_KINDS) {
      const objects = await cluster.list(kind, namespace);
      await cluster.delete(kind, namespace);
      const release = { metadata: { finalizers: null } };
      // Gone between the two requests is as good.
      for (const { metadata } of objects)
        await cluster.patch(kind, namespace, metadata.name, release).catch(() => undefined);
    }
    await cluster.delete("Namespace", "", namespace);
  }
}
