import { LABEL_SECRET } from "../api/names.ts";
import { gatewaySecrets } from "../controllers/gateway-settings.ts";
import { KONG_KINDS } from "../controllers/kong-kinds.ts";
import type { KubeClient } from "../kube/client.ts";
import { isForbidden, isNotFound } from "../kube/api-error.ts";
import { SECRET, type CustomResource, type Secret } from "../kube/resource.ts";
import { findingsOf, textOf, type Finding } from "./finding.ts";

const { ok, problem, skipped } = findingsOf("secrets");

interface Use {
  readonly namespace: string;
  readonly name: string;
  /** The first object that names it. */
  readonly by: string;
}

export interface SecretLook {
  readonly findings: readonly Finding[];
  /** Decoded; undefined for what is not there, not labelled or may not be read. Never shown. */
  readonly data: (namespace: string, name: string) => Readonly<Record<string, string>> | undefined;
}

/** Whether the Secrets that objects name are there and carry the label by which the operator may read them. */
export async function lookAtSecrets(client: KubeClient, objects: readonly CustomResource[]): Promise<SecretLook> {
  const uses = usesOf(objects);
  const data = new Map<string, Readonly<Record<string, string>>>();
  const looks = await Promise.all(
    uses.map(async (use): Promise<Finding | undefined> => {
      const subject = `Secret ${use.namespace}/${use.name}`;
      try {
        const secret = await client.get<Secret>(SECRET, use);
        if (secret.metadata.labels?.[LABEL_SECRET] !== "true") {
          const command = `kubectl label secret -n ${use.namespace} ${use.name} ${LABEL_SECRET}=true`;
          return problem(subject, `lacks the label that lets the operator read it; named by ${use.by}`, command);
        }
        data.set(`${use.namespace}/${use.name}`, decode(secret));
        return undefined;
      } catch (error) {
        if (isNotFound(error))
          return problem(subject, `does not exist; named by ${use.by}`, "create it, with the label");
        if (isForbidden(error))
          return skipped(subject, "you may not read it", "the operator may, if its roles are in place");
        return problem(subject, textOf(error));
      }
    }),
  );
  const found = looks.filter((finding) => finding !== undefined);
  const good = uses.length - found.length;
  return {
    findings: [ok("Secrets", `${good} of ${uses.length} that objects name are there and labelled`), ...found],
    data: (namespace, name) => data.get(`${namespace}/${name}`),
  };
}

function usesOf(objects: readonly CustomResource[]): Use[] {
  const uses = new Map<string, Use>();
  for (const object of objects) {
    const { namespace = "", name } = object.metadata;
    for (const secret of namesOf(object)) {
      const id = `${namespace}/${secret}`;
      if (!uses.has(id)) uses.set(id, { namespace, name: secret, by: `${object.kind} ${namespace}/${name}` });
    }
  }
  return [...uses.values()];
}

/** A spec that cannot be read names nothing: its own condition says so. */
function namesOf({ kind, metadata, spec }: CustomResource): string[] {
  try {
    const translation = KONG_KINDS.find(({ definition }) => definition.kind === kind)?.translation;
    const secrets = translation ? translation.references(metadata.namespace ?? "", spec).secrets : gatewaySecrets(spec);
    // What is generated is made by the operator, label and all.
    return secrets.filter((secret) => !("generate" in secret)).map(({ name }) => name);
  } catch {
    return [];
  }
}

function decode({ data = {} }: Secret): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}
