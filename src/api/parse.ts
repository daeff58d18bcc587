import type { z } from "zod";
import { InvalidSpecError } from "../errors.ts";
import type { KindDefinition } from "./kind.ts";

/**
 * The object's spec, with the defaults filled in, once it keeps every rule of its kind. The API server has checked the
 * same rules; they are checked again because an object may be older than a rule, or come from a file.
 * @throws InvalidSpecError naming every field at fault: `KongRoute team-a/users: spec.paths[0]: must start with '/' …`
 */
export function parseSpec<Spec>(
  definition: Pick<KindDefinition<Spec>, "kind" | "specSchema">,
  object: { metadata: { name: string; namespace?: string }; spec?: unknown },
): Spec {
  const result = definition.specSchema.safeParse(object.spec ?? {}, { reportInput: true });
  if (result.success) return result.data;
  const { namespace, name } = object.metadata;
  const subject = `${definition.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  throw new InvalidSpecError("InvalidSpec", `${subject}: ${result.error.issues.map(describeIssue).join("; ")}`);
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = formatPath(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${path}.${key}: unknown field; remove it or correct its name`).join("; ");
  }
  if ((issue.code === "invalid_type" || issue.code === "invalid_value") && issue.input === undefined)
    return `${path}: is required`;
  return `${path}: ${issue.message}`;
}

/** `spec.paths[0]`, as the API server writes it. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${String(part)}`),
    "spec",
  );
}
