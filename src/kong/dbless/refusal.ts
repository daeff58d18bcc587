import { KongRejectedError } from "../../errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { KONG_ENTITY_TYPES } from "../../model/kong-entity.ts";
import type { AdminRejection } from "../admin-client.ts";
import { redactorFor } from "../redaction.ts";
import { withNotSent } from "../rejection.ts";
import type { DocumentEntity } from "./document.ts";

/** Code of a violation of the schema, which stays one until the object changes. */
const SCHEMA_VIOLATION = 2;

/** What Kong says against one entity. */
export interface Complaint {
  readonly entity: DocumentEntity;
  /** By dotted path; `@entity` for the entity as a whole. */
  readonly fields: JsonObject;
}

/**
 * The entities that Kong names in its refusal of a document: in `flattened_errors` by their ids, else in `fields` by name
 * or id. Empty where it names nobody.
 */
export function complaintsOf(
  { kong }: AdminRejection,
  entities: ReadonlyMap<string, DocumentEntity>,
): readonly Complaint[] {
  const found = new Map<string, Complaint>();
  const add = (entity: DocumentEntity | undefined, fields: JsonObject): void => {
    if (!entity) return;
    found.set(entity.id, { entity, fields: { ...found.get(entity.id)?.fields, ...fields } });
  };
  for (const item of kong.flattened) if (isJsonObject(item)) add(entityIn(item, entities), fieldsOf(item["errors"]));
  if (found.size > 0) return [...found.values()];
  for (const type of KONG_ENTITY_TYPES) {
    const section = kong.fields[type];
    if (!isJsonObject(section)) continue;
    for (const [name, errors] of Object.entries(section)) add(named(entities, type, name), { "@entity": errors });
  }
  return [...found.values()];
}

/** What an error without an id is about: an entity of Kong's making inside one of ours, such as a certificate's SNI. */
function entityIn(item: JsonObject, entities: ReadonlyMap<string, DocumentEntity>): DocumentEntity | undefined {
  const byId = entities.get(String(item["entity_id"]));
  if (byId || !isJsonObject(item["entity"])) return byId;
  const parents = Object.values(item["entity"]).filter(isJsonObject);
  return parents.map(({ id }) => entities.get(String(id))).find((parent) => parent !== undefined);
}

function named(entities: ReadonlyMap<string, DocumentEntity>, type: string, name: string): DocumentEntity | undefined {
  const byId = entities.get(name);
  if (byId?.type === type) return byId;
  return [...entities.values()].find(
    ({ type: each, fields }) => each === type && (fields["name"] === name || fields["username"] === name),
  );
}

/** `[{type: "field", field: "config.minute", message}, {type: "entity", message}]` by field. */
function fieldsOf(errors: Json | undefined): JsonObject {
  const fields: JsonObject = {};
  for (const error of Array.isArray(errors) ? errors : []) {
    if (!isJsonObject(error)) continue;
    const name = error["type"] === "field" && typeof error["field"] === "string" ? error["field"] : "@entity";
    const said = error["messages"] ?? error["message"] ?? "refused";
    const before = fields[name];
    fields[name] = before === undefined ? said : [before, said].flat();
  }
  return fields;
}

/** The error for the object whose entity it is, fit to be shown. */
export function refusalFrom({ entity, fields }: Complaint, rejection: AdminRejection): KongRejectedError {
  const redact = redactorFor(entity);
  const said = Object.entries(fields)
    .map(([name, value]) => `${name === "@entity" ? "" : `${name}: `}${[value].flat().map(String).join("; ")}`)
    .join("; ");
  const message = redact.text(said) || "without saying why";
  return new KongRejectedError(
    "Rejected",
    `Kong refused it: schema violation (${message})${withNotSent(entity.notSent ?? [])}`,
    {
      status: rejection.status,
      code: SCHEMA_VIOLATION,
      fields: redact.fields(fields),
      cause: rejection,
    },
  );
}

/** The error where a document is refused only with this entity in it, and Kong does not say what is wrong with it. */
export function refusalByTrial(entity: DocumentEntity, rejection: AdminRejection): KongRejectedError {
  const redact = redactorFor(entity);
  const said = redact.text(rejection.kong.message) || `the Admin API answered ${rejection.status}`;
  const message = `Kong refuses the configuration with it: ${said}`;
  return new KongRejectedError("Rejected", message, {
    status: rejection.status,
    code: SCHEMA_VIOLATION,
    cause: rejection,
  });
}
