import type { Condition } from "../api/meta.ts";
import type { CustomResource } from "../kube/resource.ts";
import type { KongObjectStatus } from "../report/object-status.ts";
import { findingsOf, listed, type Finding } from "./finding.ts";
import { REASON_TEXTS } from "./generated/reason-texts.ts";

const { ok, problem, warning } = findingsOf("objects");

export type StatusObject = CustomResource<unknown, KongObjectStatus>;

interface Group {
  readonly condition: Pick<Condition, "type" | "status" | "reason" | "message">;
  readonly objects: string[];
}

/** The objects that are not as they should be, grouped by the reason. */
export function objectFindings(objects: readonly StatusObject[]): Finding[] {
  const groups = new Map<string, Group>();
  for (const object of objects) {
    for (const condition of troublesOf(object)) {
      const id = `${condition.type} ${condition.status} ${condition.reason}`;
      const group = groups.get(id) ?? { condition, objects: [] };
      group.objects.push(`${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`);
      groups.set(id, group);
    }
  }
  const found = [...groups.values()].map(groupFinding);
  const unready = new Set([...groups.values()].flatMap((group) => group.objects)).size;
  if (objects.length === 0) return [ok("objects", "there are none yet")];
  return [ok("objects", `${objects.length - unready} of ${objects.length} are as they should be`), ...found];
}

const NEVER_SEEN = {
  type: "Ready",
  status: "Unknown",
  reason: "NeverSeen",
  message: "no operator has said anything of it: does one lead, and does it watch the namespace?",
} as const;

function troublesOf({ status }: StatusObject): Group["condition"][] {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  if (!ready) return [NEVER_SEEN];
  if (ready.status !== "True") return [ready];
  return conditions.filter(
    ({ type, status: holds }) =>
      ((type === "Drifted" || type === "Orphans") && holds === "True") || (type === "Serving" && holds !== "True"),
  );
}

function groupFinding({ condition, objects }: Group): Finding {
  const { type, status, reason, message } = condition;
  const count = objects.length === 1 ? "1 object" : `${objects.length} objects`;
  const text = `${count}: ${listed(objects, 3)}; the first says: ${message}`;
  const finding = type === "Ready" && status === "False" ? problem : warning;
  return finding(`${type}=${status} ${reason}`, text, REASON_TEXTS[reason]);
}
