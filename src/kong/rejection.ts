import { KongRejectedError, NotReadyError } from "../errors.ts";
import type { KongEntity } from "../model/kong-entity.ts";
import type { AdminRejection } from "./admin-client.ts";
import { redactorFor } from "./redaction.ts";

/** Kong's codes. Source: Kong's db/errors.lua; recorded from 3.9. */
const PRIMARY_KEY = 3;
const FOREIGN_KEY = 4;
const UNIQUE = 5;
const UNKNOWN_REFERENCE = 13;
const REFERENCED = 19;

/** True where the name, key or id that the entity wants belongs to another one. */
export function isTaken({ status, kong }: AdminRejection): boolean {
  if (status === 409 || kong.code === UNIQUE || kong.code === PRIMARY_KEY) return true;
  // An SNI that another certificate has is refused as a violation of the schema.
  return (
    kong.code === 2 && typeof kong.fields["snis"] === "string" && kong.fields["snis"].includes("already associated")
  );
}

/** True where something that the entity refers to is not there. */
export function isMissingReference({ kong }: AdminRejection): boolean {
  return (kong.code === FOREIGN_KEY && kong.fields["@referenced_by"] === undefined) || kong.code === UNKNOWN_REFERENCE;
}

/** True where a deletion is refused because others refer to the entity. */
export function isReferenced({ kong }: AdminRejection): boolean {
  return (kong.code === FOREIGN_KEY && kong.fields["@referenced_by"] !== undefined) || kong.code === REFERENCED;
}

/**
 * What an operation's refusal means to the object: `not yet` where a reference is missing, else refused.
 * @param notSent paths of fields that the gateway does not know: what it misses may be one of them.
 */
export function rejectedError(
  entity: KongEntity,
  rejection: AdminRejection,
  notSent: readonly string[] = [],
): KongRejectedError | NotReadyError {
  const { status, kong } = rejection;
  const redact = redactorFor(entity);
  const said = redact.text(kong.message) || `the Admin API answered ${status}`;
  if (isMissingReference(rejection)) {
    return new NotReadyError("RefNotReady", `Kong does not have what this refers to yet: ${said}`, {
      cause: rejection,
    });
  }
  return new KongRejectedError("Rejected", `Kong refused it: ${said}${withNotSent(notSent)}`, {
    status,
    code: kong.code,
    fields: redact.fields(kong.fields),
    cause: rejection,
  });
}

/** Beside Kong's words, fields that it was not sent because its schema lacks them. */
export function withNotSent(paths: readonly string[]): string {
  return paths.length === 0 ? "" : `; this gateway does not know and was not sent: ${paths.join(", ")}`;
}
