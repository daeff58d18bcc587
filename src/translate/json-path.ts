import { InvalidSpecError } from "../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** Not what Number() takes for one: it reads "" as 0. */
const INDEX = /^(0|[1-9]\d*)$/;

/**
 * Sets the value at a JSON pointer (`/redis/password`, `/headers/0`) in place and makes missing objects on the way.
 * Source: RFC 6901.
 * @returns the steps that were taken, decoded, with `-` as the index that it came to.
 * @throws InvalidSpecError naming `field` where the path leads through a scalar or past the end of an array.
 */
export function setAtPath(target: JsonObject, pointer: string, value: Json, field: string): string[] {
  const steps = pointer
    .replace(/^\//, "")
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const taken: string[] = [];
  let node: Json = target;
  steps.forEach((step, index) => {
    const last = index === steps.length - 1;
    if (Array.isArray(node)) {
      const position = step === "-" ? node.length : INDEX.test(step) ? Number(step) : Number.NaN;
      if (!(position <= node.length)) throw unreachable(pointer, step, field);
      taken.push(String(position));
      if (last) node[position] = value;
      else node = node[position] ??= {};
    } else if (isJsonObject(node) && step !== "__proto__") {
      taken.push(step);
      if (last) node[step] = value;
      else node = node[step] ??= {};
    } else {
      throw unreachable(pointer, step, field);
    }
  });
  return taken;
}

function unreachable(pointer: string, step: string, field: string): InvalidSpecError {
  return new InvalidSpecError(
    "InvalidSpec",
    `${field}: ${JSON.stringify(pointer)} cannot be followed at ${JSON.stringify(step)}`,
  );
}
