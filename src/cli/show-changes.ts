import { isJsonObject, type Json } from "../model/json.ts";
import type { Change, SetFailure, SetResult } from "../offline/run-set.ts";
import { TAG_PREFIX } from "../model/identity.ts";
import type { Colour } from "./terminal.ts";

type Paint = (colour: Colour, text: string) => string;

const SIGNS = { create: "+", update: "~", adopt: "~", delete: "-" } as const;
const COLOURS = { create: "green", update: "yellow", adopt: "yellow", delete: "red" } as const;
/** Longer values are cut off. */
const LONGEST_VALUE = 80;

/** One line a change: `~ routes users (KongRoute/team-a/users): strip_path true → false`. */
export function changeLine(change: Change, paint: Paint): string {
  const { action, type, name, object } = change;
  const fields = change.fields.map(fieldText).join(", ");
  const verb = action === "adopt" ? " taken over" : "";
  const colon = fields === "" && verb === "" ? "" : ":";
  const parts = [verb, fields].filter(Boolean).join(fields === "" ? "" : ", ");
  return `${paint(COLOURS[action], `${SIGNS[action]} ${type} ${name}`)} ${paint("dim", `(${object})`)}${colon}${verb === "" && fields !== "" ? " " : ""}${parts}`;
}

function fieldText({ path, before, after, isSecret }: Change["fields"][number]): string {
  if (path === "*") return "anew, because its answer was lost";
  if (isSecret) return path;
  return `${path} ${valueText(path, before)} → ${valueText(path, after)}`;
}

/** Our own tags say nothing that the line does not. */
function valueText(path: string, value: Json | undefined): string {
  const shown =
    path === "tags" && Array.isArray(value) ? value.filter((tag) => !String(tag).startsWith(TAG_PREFIX)) : value;
  if (isJsonObject(shown) && typeof shown["id"] === "string") return shown["id"];
  const text = JSON.stringify(shown ?? null);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}

export function failureLine({ object, source, reason, message }: SetFailure, paint: Paint): string {
  return `${paint("red", "!")} ${object} (${source}): ${reason}: ${message}`;
}

/** `2 to create, 1 to change, 0 to remove; 1 object failed` */
export function summary({ changes, failures, objects }: SetResult, isDone: boolean): string {
  const count = (...actions: readonly Change["action"][]): number =>
    changes.filter(({ action }) => actions.includes(action)).length;
  const verbs = isDone ? ["created", "changed", "removed"] : ["to create", "to change", "to remove"];
  const counts = [count("create"), count("update", "adopt"), count("delete")];
  const writes = counts.map((each, index) => `${each} ${verbs[index]}`).join(", ");
  const failed = failures.length === 0 ? "" : `; ${failures.length} failed`;
  return `${objects} ${objects === 1 ? "object" : "objects"}: ${changes.length === 0 ? "no difference" : writes}${failed}`;
}

/** The result as data; a value that may be secret is left out. */
export function resultJson(result: SetResult): object {
  return {
    changes: result.changes.map(({ fields, ...change }) => ({
      ...change,
      fields: fields.map(({ path, before, after, isSecret }) =>
        isSecret ? { path } : { path, before: before ?? null, after: after ?? null },
      ),
    })),
    failures: result.failures,
    notes: result.notes,
  };
}
