import type { JsonObject } from "../../../../src/model/json.ts";
import { randomUUID } from "node:crypto";
import type { EntityDefinition } from "../store/entities.ts";
import type { Dao, EntityKey } from "../store/dao.ts";
import { referenceId } from "../store/table.ts";
import { isForm } from "./body.ts";
import { inferTypes } from "./form-values.ts";
import type { Page } from "./paging.ts";
import { pageOf, parsePageQuery } from "./paging.ts";
import type { AdminRequest } from "./request.ts";
import type { AdminResponse } from "./response.ts";
import { METHOD_NOT_ALLOWED, NOT_FOUND, NO_CONTENT, created, ok } from "./response.ts";
import type { Router } from "./router.ts";

/** Registers what Kong generates for every entity: its collection, its members, and both ways of each reference. */
export function addEntityEndpoints(router: Router, dao: Dao): void {
  for (const { name, definition } of dao.store.catalog.entities.values()) {
    if (definition.isInternal === true) continue;
    const path = `/${collectionName(definition)}`;
    router.add(path, {
      GET: ({ query }) => listResponse(path, pageOf(dao, name, parsePageQuery(query)), query),
      POST: (request) => created(dao.insert(name, bodyOf(dao, name, request))),
    });
    router.add(`${path}/{${name}}`, memberHandlers(dao, name));
    for (const [field, schema] of dao.schema(name).record.fields) {
      if (schema.type === "foreign") addReference(router, dao, name, field, schema.reference as string);
    }
  }
}

/** Name of the collection in paths. */
export function collectionName(definition: EntityDefinition): string {
  return definition.adminName ?? definition.name;
}

/** The request's body; a form's texts get the types of the schema. */
export function bodyOf(dao: Dao, type: string, request: AdminRequest): JsonObject {
  if (!isForm(request.contentType)) return { ...request.body };
  const { record, variants } = dao.schema(type);
  return inferTypes(variants?.pick(request.body) ?? record, request.body);
}

function memberHandlers(
  dao: Dao,
  type: string,
): Record<string, (request: AdminRequest, params: readonly string[]) => AdminResponse> {
  const key = (params: readonly string[]): EntityKey => dao.keyOf(type, params[0] as string);
  return {
    GET: (_request, params) => okOrNotFound(dao.select(type, key(params))),
    PUT: (request, params) => ok(dao.upsert(type, key(params), bodyOf(dao, type, request))),
    PATCH: (request, params) => ok(dao.update(type, key(params), bodyOf(dao, type, request))),
    DELETE: (_request, params) => {
      dao.delete(type, key(params));
      return NO_CONTENT;
    },
  };
}

// `/routes/{routes}/service`, `/services/{services}/routes` and `/services/{services}/routes/{routes}`.
function addReference(router: Router, dao: Dao, child: string, field: string, parent: string): void {
  const childDefinition = dao.schema(child).definition;
  const parentPath = `/${collectionName(dao.schema(parent).definition)}`;
  const nestedName = childDefinition.nestedName ?? collectionName(childDefinition);
  router.add(`/${collectionName(childDefinition)}/{${child}}/${field}`, parentHandlers(dao, child, field, parent));
  router.add(`${parentPath}/{${parent}}/${nestedName}`, {
    GET: (request, params) => {
      const owner = dao.select(parent, dao.keyOf(parent, params[0] as string));
      if (owner === undefined) return NOT_FOUND;
      const ids = dao.store.table(child).childIds(field, owner["id"] as string);
      const page = pageOf(dao, child, parsePageQuery(request.query), ids);
      return listResponse(`${parentPath}/${owner["id"] as string}/${nestedName}`, page, new URLSearchParams());
    },
    POST: (request, params) => {
      const owner = dao.select(parent, dao.keyOf(parent, params[0] as string));
      if (owner === undefined) return NOT_FOUND;
      return created(dao.insert(child, { ...bodyOf(dao, child, request), [field]: { id: owner["id"] as string } }));
    },
  });
  router.add(`${parentPath}/{${parent}}/${nestedName}/{${child}}`, nestedHandlers(dao, child, field, parent));
}

function parentHandlers(dao: Dao, child: string, field: string, parent: string): ReturnType<typeof memberHandlers> {
  const parentKey = (params: readonly string[]): { owner: JsonObject; id: string | undefined } | undefined => {
    const owner = dao.select(child, dao.keyOf(child, params[0] as string));
    return owner === undefined ? undefined : { owner, id: referenceId(owner[field]) };
  };
  return {
    GET: (_request, params) => {
      const id = parentKey(params)?.id;
      return id === undefined ? NOT_FOUND : okOrNotFound(dao.select(parent, { id }));
    },
    PUT: (request, params) => {
      const found = parentKey(params);
      if (found === undefined) return NOT_FOUND;
      const id = found.id ?? randomUUID();
      const row = dao.upsert(parent, { id }, bodyOf(dao, parent, request));
      if (found.id === undefined) dao.update(child, { id: found.owner["id"] as string }, { [field]: { id } });
      return ok(row);
    },
    PATCH: (request, params) => {
      const id = parentKey(params)?.id;
      return id === undefined ? NOT_FOUND : ok(dao.update(parent, { id }, bodyOf(dao, parent, request)));
    },
    DELETE: (_request, params) => (parentKey(params)?.id === undefined ? NOT_FOUND : METHOD_NOT_ALLOWED),
  };
}

function nestedHandlers(dao: Dao, child: string, field: string, parent: string): ReturnType<typeof memberHandlers> {
  const owned = (params: readonly string[]): JsonObject | undefined => {
    const owner = dao.select(parent, dao.keyOf(parent, params[0] as string));
    if (owner === undefined) return undefined;
    const row = dao.select(child, dao.keyOf(child, params[1] as string));
    return row !== undefined && referenceId(row[field]) === owner["id"] ? row : undefined;
  };
  return {
    GET: (_request, params) => okOrNotFound(owned(params)),
    PUT: (request, params) => {
      const owner = dao.select(parent, dao.keyOf(parent, params[0] as string));
      if (owner === undefined) return NOT_FOUND;
      const body = { ...bodyOf(dao, child, request), [field]: { id: owner["id"] as string } };
      return ok(dao.upsert(child, dao.keyOf(child, params[1] as string), body));
    },
    PATCH: (request, params) => {
      const row = owned(params);
      if (row === undefined) return NOT_FOUND;
      const body = { [field]: row[field] ?? null, ...bodyOf(dao, child, request) };
      return ok(dao.update(child, dao.keyOf(child, params[1] as string), body));
    },
    DELETE: (_request, params) => {
      const row = owned(params);
      if (row === undefined) return NOT_FOUND;
      dao.delete(child, { id: row["id"] as string });
      return NO_CONTENT;
    },
  };
}

export function okOrNotFound(row: JsonObject | undefined): AdminResponse {
  return row === undefined ? NOT_FOUND : ok(row);
}

/** A list with its `next`; `offset` stands in it only where there is a next page. */
export function listResponse(path: string, page: Page, query: URLSearchParams): AdminResponse {
  const data = [...page.rows];
  if (page.offset === undefined) return ok({ data, next: null });
  const tags = query.get("tags");
  const size = query.get("size");
  const kept = `${tags === null ? "" : `&tags=${encodeURIComponent(tags)}`}${size === null ? "" : `&size=${size}`}`;
  return ok({ data, offset: page.offset, next: `${path}?offset=${encodeURIComponent(page.offset)}${kept}` });
}
