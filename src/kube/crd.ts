import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { sleep } from "../runtime/backoff.ts";
import { isNotFound } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { CUSTOM_RESOURCE_DEFINITION, type KubeObject } from "./resource.ts";

export interface CustomResourceDefinition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: { readonly name: string; readonly served: boolean; readonly storage: boolean }[];
  };
  readonly status?: { readonly conditions?: { readonly type: string; readonly status: string }[] };
}

/**
 * Creates the definition of the file, or makes the one in the cluster like it, and waits until it is served.
 * Sent as it is: the typed API drops `x-kubernetes-*` keys, and with them every CEL rule.
 * @throws Error when the file holds no definition; KubeApiError when the API server refuses it.
 */
export async function registerDefinition(
  client: KubeClient,
  file: string,
  signal?: AbortSignal,
): Promise<CustomResourceDefinition> {
  const wanted = parse(await readFile(file, "utf8")) as CustomResourceDefinition | null;
  if (wanted?.kind !== "CustomResourceDefinition") throw new Error(`${file}: no CustomResourceDefinition`);
  const ref = { namespace: "", name: wanted.metadata.name };
  let current = await createOrReplace(client, wanted, signal);
  while (!isEstablished(current)) {
    await sleep(100, signal);
    signal?.throwIfAborted();
    current = await client.get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITION, ref);
  }
  return current;
}

async function createOrReplace(
  client: KubeClient,
  wanted: CustomResourceDefinition,
  signal?: AbortSignal,
): Promise<CustomResourceDefinition> {
  const options = { fieldValidation: "Strict" as const, ...(signal ? { signal } : {}) };
  const ref = { namespace: "", name: wanted.metadata.name };
  const current = await client
    .get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITION, ref)
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  if (!current) return client.create<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITION, "", wanted, options);
  const { uid, resourceVersion, creationTimestamp, finalizers = [] } = current.metadata;
  const metadata = { ...wanted.metadata, uid, resourceVersion, creationTimestamp, finalizers };
  return client.replace<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITION, { ...wanted, metadata }, options);
}

function isEstablished(definition: CustomResourceDefinition): boolean {
  return (
    definition.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false
  );
}
