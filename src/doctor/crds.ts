import { isDeepStrictEqual } from "node:util";
import { toCrd } from "../api/crd.ts";
import { KINDS } from "../api/kinds.ts";
import type { KindDefinition } from "../api/kind.ts";
import { GROUP, VERSION } from "../api/names.ts";
import { isForbidden, isNotFound } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import type { CustomResourceDefinition } from "../kube/crd.ts";
import { CUSTOM_RESOURCE_DEFINITION } from "../kube/resource.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { findingsOf, listed, textOf, type Finding } from "./finding.ts";

const { ok, problem, skipped, warning } = findingsOf("crds");

export interface CrdLook {
  readonly findings: readonly Finding[];
  /** The kinds that the cluster serves. */
  readonly served: readonly KindDefinition[];
}

const REMEDY = "kubectl apply --server-side --force-conflicts -f crds/ (of this version; with Helm: helm upgrade)";

/** Whether each kind is installed, served, and of the same schema as this build's. */
export async function lookAtCrds(client: KubeClient): Promise<CrdLook> {
  const looks = await Promise.all(
    KINDS.map(async (definition) => ({ definition, finding: await lookAt(client, definition) })),
  );
  const served = looks.filter(({ finding }) => finding.level !== "problem").map(({ definition }) => definition);
  const good = looks.filter(({ finding }) => finding.level === "ok");
  const others = looks.filter(({ finding }) => finding.level !== "ok").map(({ finding }) => finding);
  if (good.length === 0) return { findings: others, served };
  const all = ok("definitions", `${good.length} of ${KINDS.length} kinds are installed as this version has them`);
  return { findings: [all, ...others], served };
}

async function lookAt(client: KubeClient, definition: KindDefinition): Promise<Finding> {
  const name = `${definition.plural}.${GROUP}`;
  try {
    const found = await client.get<CustomResourceDefinition>(CUSTOM_RESOURCE_DEFINITION, { namespace: "", name });
    return compare(name, definition, found);
  } catch (error) {
    if (isNotFound(error)) return problem(name, "is not installed", REMEDY);
    if (isForbidden(error)) return skipped(name, "may not be read", "allow get on customresourcedefinitions");
    return problem(name, textOf(error));
  }
}

function compare(name: string, definition: KindDefinition, found: CustomResourceDefinition): Finding {
  const condition = (type: string) => found.status?.conditions?.find((candidate) => candidate.type === type);
  const refusal = condition("NamesAccepted");
  if (refusal?.status === "False") {
    const { message = "" } = refusal as { message?: string };
    return problem(name, `its names are not accepted: ${message}`, "remove the definition that has the same names");
  }
  if (condition("Established")?.status !== "True")
    return problem(name, "is not established yet", `kubectl describe crd ${name}`);
  const version = found.spec.versions.find((candidate) => candidate.name === VERSION);
  if (!version?.served) return problem(name, `does not serve the version ${VERSION}`, REMEDY);
  const differing = differences(schemaOf(toCrd(definition)), schemaOf(found as unknown as JsonObject));
  if (differing.length === 0) return ok(name, "is as this version has it");
  return warning(name, `differs from this version's at ${listed(differing)}`, REMEDY);
}

function schemaOf(definition: JsonObject): Json {
  const { versions } = definition["spec"] as { versions: { name: string; schema: { openAPIV3Schema: Json } }[] };
  return versions.find(({ name }) => name === VERSION)?.schema.openAPIV3Schema ?? null;
}

/** Paths at which the schemas differ, `spec.verify`; of two trees only the roots of what differs. */
export function differences(wanted: Json, found: Json, path = ""): string[] {
  if (isDeepStrictEqual(wanted, found)) return [];
  if (!isJsonObject(wanted) || !isJsonObject(found)) return [path || "schema"];
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
  return names.flatMap((name) => {
    const a = wanted[name];
    const b = found[name];
    if (isDeepStrictEqual(a, b)) return [];
    const below = name === "properties" || name === "items" ? path : path === "" ? name : `${path}.${name}`;
    return a === undefined || b === undefined ? [below || "schema"] : differences(a, b, below);
  });
}
