import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { ErrorTable, ValidationError } from "../schema/field.ts";
import { isUuid } from "../schema/validators.ts";
import type { Relation } from "./relations.ts";

/** The errors of a document entity by entity, and what could not be given to one. */
export interface FlattenedErrors {
  readonly flattened: JsonObject[];
  readonly rest: ErrorTable;
}

/**
 * Turns the errors of a document into a list of entities with their own errors. Kong goes through every level from the
 * end; errors that do not stand at a place of the document, such as dangling references, get lost on the way.
 */
export function flattenErrors(
  relations: readonly Relation[],
  document: JsonObject,
  errors: ErrorTable,
): FlattenedErrors {
  const flattened: JsonObject[] = [];
  const rest: ErrorTable = {};
  for (const [type, section] of fromTheEnd(errors)) {
    const entities = document[type];
    if (typeof section === "string" || !Array.isArray(entities)) {
      rest[type] = section;
      continue;
    }
    for (const [key, error] of fromTheEnd(section)) {
      const entity = entities[Number(key) - 1];
      if (isJsonObject(entity)) addEntity(relations, type, structuredClone(entity), error, flattened);
    }
  }
  return { flattened, rest };
}

function addEntity(
  relations: readonly Relation[],
  type: string,
  entity: JsonObject,
  error: ValidationError,
  flattened: JsonObject[],
): void {
  if (typeof error === "string") {
    push(type, entity, [{ type: "entity", message: error }], flattened);
    return;
  }
  const own: ErrorTable = Array.isArray(error) ? {} : { ...error };
  for (const relation of relations) {
    if (relation.child === type) liftParent(relations, relation, entity, own, flattened);
    if (relation.parent === type) liftChildren(relations, relation, entity, own, flattened);
  }
  const listed = Object.keys(own).length === 0 ? [] : categorize(own, "");
  if (listed.length > 0) push(type, entity, listed, flattened);
}

// An entity in the place of a reference is one of its own; what stays is its id.
function liftParent(
  relations: readonly Relation[],
  { field, parent }: Relation,
  entity: JsonObject,
  own: ErrorTable,
  flattened: JsonObject[],
): void {
  const value = entity[field];
  if (!isJsonObject(value)) return;
  const key = primaryKey(value);
  if (key === undefined) delete entity[field];
  else entity[field] = key;
  const error = own[field];
  delete own[field];
  if (error !== undefined) addEntity(relations, parent, value, error, flattened);
}

function liftChildren(
  relations: readonly Relation[],
  { child, field }: Relation,
  entity: JsonObject,
  own: ErrorTable,
  flattened: JsonObject[],
): void {
  const list = entity[child];
  if (!Array.isArray(list)) return;
  const errors = own[child];
  delete entity[child];
  delete own[child];
  if (!Array.isArray(errors)) return;
  const key = primaryKey(entity);
  for (const [index, item] of list.entries()) {
    if (!isJsonObject(item)) continue;
    if (item[field] === undefined && key !== undefined) item[field] = key;
    const error = errors[index];
    if (error !== undefined && error !== null) addEntity(relations, child, item, error, flattened);
  }
}

function categorize(errors: Exclude<ValidationError, string>, path: string): JsonObject[] {
  return fromTheEnd(errors).flatMap(([key, error]): JsonObject[] => {
    if (key === "@entity") return messages(error).map((message) => ({ type: "entity", message }));
    const field = path === "" ? key : `${path}.${key}`;
    return typeof error === "string" ? [{ type: "field", field, message: error }] : categorize(error, field);
  });
}

function messages(error: ValidationError): string[] {
  if (typeof error === "string") return [error];
  return Array.isArray(error) ? error.flatMap((inner) => (inner === null ? [] : messages(inner))) : [];
}

function push(type: string, entity: JsonObject, errors: JsonObject[], flattened: JsonObject[]): void {
  const { name, id, tags } = entity;
  const isTagList = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
  flattened.push({
    ...(typeof name === "string" && name !== "" ? { entity_name: name } : {}),
    ...(typeof id === "string" && isUuid(id) ? { entity_id: id } : {}),
    ...(isTagList ? { entity_tags: tags } : {}),
    entity_type: type.endsWith("s") ? type.slice(0, -1) : type,
    entity: entity as Json,
    errors,
  });
}

function primaryKey(entity: JsonObject): JsonObject | undefined {
  const { id } = entity;
  return typeof id === "string" && isUuid(id) ? { id } : undefined;
}

// Items of a list are numbered from 1; the good ones are not there.
function fromTheEnd(errors: Exclude<ValidationError, string>): [key: string, error: ValidationError][] {
  if (Array.isArray(errors)) {
    const items = errors.flatMap((error, index): [string, ValidationError][] =>
      error === null ? [] : [[String(index + 1), error]],
    );
    return items.reverse();
  }
  return Object.entries(errors).sort(([a], [b]) => (a < b ? 1 : -1));
}
