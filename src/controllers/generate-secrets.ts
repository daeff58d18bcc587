import { API_VERSION, LABEL_SECRET } from "../api/names.ts";
import { RefNotFoundError, RefNotPermittedError } from "../errors.ts";
import { isAlreadyExists, isForbidden } from "../kube/api-error.ts";
import { SECRET, type Secret } from "../kube/resource.ts";
import type { SecretReference } from "../translate/translation.ts";
import type { KongObject } from "./caches.ts";
import type { ControllerContext } from "./context.ts";
import { newCredential } from "./new-credential.ts";

/**
 * Makes the Secrets that the object wants generated and that are not there. A Secret goes with its object, which owns it;
 * one that exists is never changed.
 *
 * Guarantee: the Secret is written before anything of it reaches Kong, so a crash in between makes no second key: the one
 * in the Secret is used.
 * @returns by name those that the cache does not have yet.
 * @throws RefNotPermittedError `SecretNotGenerated` where the operator may not create Secrets there; RefNotFoundError
 * `SecretNotFound` where a Secret of that name exists that it may not read; KubeApiError.
 */
export async function generateSecrets(
  context: ControllerContext,
  object: KongObject,
  references: readonly SecretReference[],
): Promise<ReadonlyMap<string, Secret>> {
  const namespace = object.metadata.namespace ?? "";
  const made = new Map<string, Secret>();
  for (const reference of references) {
    const { name } = reference;
    if (!reference.generate || made.has(name) || context.caches.secrets.get(namespace, name)) continue;
    made.set(name, await generate(context, object, reference));
  }
  return made;
}

async function generate(context: ControllerContext, object: KongObject, reference: SecretReference): Promise<Secret> {
  const { namespace = "", name: owner, uid } = object.metadata;
  const { name, generate: wish } = reference;
  const body = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      name,
      namespace,
      labels: { [LABEL_SECRET]: "true", "app.kubernetes.io/managed-by": "kong-jenkins-operator" },
      ownerReferences: [{ apiVersion: API_VERSION, kind: object.kind, name: owner, uid }],
    },
    stringData: await newCredential(wish!, `${namespace}.${name}`),
  };
  try {
    const secret = await context.client.create<Secret>(SECRET, namespace, body);
    context.logger.info("secret generated", { stage: "observe", secretRef: `${namespace}/${name}`, type: wish!.type });
    context.events.record(object, {
      type: "Normal",
      reason: "CredentialGenerated",
      message: `Made a ${wish!.type} credential and wrote it to Secret ${namespace}/${name}`,
      action: "Generate",
    });
    return secret;
  } catch (error) {
    if (isForbidden(error)) throw notPermitted(namespace, reference, error);
    if (!isAlreadyExists(error)) throw error;
    return existing(context, namespace, reference);
  }
}

function notPermitted(namespace: string, { field, name }: SecretReference, cause: unknown): RefNotPermittedError {
  return new RefNotPermittedError(
    "SecretNotGenerated",
    `${field}: the operator may not create Secret ${namespace}/${name}: add the namespace to generateSecrets.namespaces of the ` +
      "Helm chart and annotate the object with kjo.dev/reconcile, or create the Secret yourself",
    { cause },
  );
}

/** The cache may be behind a Secret that an earlier reconcile made; else what exists is not ours to read. */
async function existing(
  { client }: ControllerContext,
  namespace: string,
  { field, name }: SecretReference,
): Promise<Secret> {
  const labelled = await client.list<Secret>(SECRET, {
    namespace,
    labelSelector: `${LABEL_SECRET}=true`,
    fieldSelector: `metadata.name=${name}`,
  });
  const [secret] = labelled.items;
  if (secret) return secret;
  throw new RefNotFoundError(
    "SecretNotFound",
    `${field}: Secret ${namespace}/${name} exists and lacks the label that lets the operator read it. Delete it to have it ` +
      `generated, or: kubectl label secret -n ${namespace} ${name} kjo.dev/secret=true. Until then what stands in Kong stays as it is`,
  );
}
