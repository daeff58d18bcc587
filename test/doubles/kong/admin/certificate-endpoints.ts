import { randomUUID } from "node:crypto";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { schemaViolation } from "../errors.ts";
import { isUuid } from "../schema/validators.ts";
import type { Dao } from "../store/dao.ts";
import { bodyOf, listResponse } from "./entity-endpoints.ts";
import { pageOf, parsePageQuery } from "./paging.ts";
import type { AdminRequest } from "./request.ts";
import { NOT_FOUND, NO_CONTENT, created, ok } from "./response.ts";
import type { Router } from "./router.ts";

/**
 * Certificates carry the names of their SNIs, which are entities of their own: a list in the request becomes SNIs, and
 * answers show the names that are there. An SNI's name may stand in the path instead of the certificate's id.
 */
export function addCertificateEndpoints(router: Router, dao: Dao): void {
  router.add("/certificates", {
    GET: ({ query }) => {
      const page = pageOf(dao, "certificates", parsePageQuery(query));
      return listResponse("/certificates", { ...page, rows: page.rows.map((row) => withNames(dao, row)) }, query);
    },
    POST: (request) => {
      const { names, rest } = splitNames(bodyOf(dao, "certificates", request));
      checkNames(dao, names ?? [], undefined);
      const row = dao.insert("certificates", rest);
      setNames(dao, row["id"] as string, names ?? []);
      return created(withNames(dao, row));
    },
  });
  router.add("/certificates/{certificates}", {
    GET: (_request, [key = ""]) => {
      const id = certificateId(dao, key);
      const row = id === undefined ? undefined : dao.select("certificates", { id });
      return row === undefined ? NOT_FOUND : ok(withNames(dao, row));
    },
    PUT: (request, [key = ""]) => ok(putCertificate(dao, key, request)),
    PATCH: (request, [key = ""]) => {
      const id = certificateId(dao, key);
      if (id === undefined) return NOT_FOUND;
      const { names, rest } = splitNames(bodyOf(dao, "certificates", request));
      if (names !== undefined) checkNames(dao, names, id);
      const row = dao.update("certificates", { id }, rest);
      if (names !== undefined) setNames(dao, id, names);
      return ok(withNames(dao, row));
    },
    DELETE: (_request, [key = ""]) => {
      const id = certificateId(dao, key);
      if (id === undefined) return NOT_FOUND;
      dao.delete("certificates", { id });
      return NO_CONTENT;
    },
  });
}

// A name that no certificate has yet makes a new certificate, which does not get that name: so does Kong 3.9.
function putCertificate(dao: Dao, key: string, request: AdminRequest): JsonObject {
  const id = certificateId(dao, key) ?? randomUUID();
  const { names = [], rest } = splitNames(bodyOf(dao, "certificates", request));
  checkNames(dao, names, id);
  const row = dao.upsert("certificates", { id }, rest);
  setNames(dao, id, names);
  return withNames(dao, row);
}

function certificateId(dao: Dao, key: string): string | undefined {
  if (isUuid(key)) return key.toLowerCase();
  const sni = dao.select("snis", { field: "name", value: key });
  return (sni?.["certificate"] as JsonObject | undefined)?.["id"] as string | undefined;
}

function withNames(dao: Dao, row: JsonObject): JsonObject {
  return { ...row, snis: namesOf(dao, row["id"] as string) };
}

function namesOf(dao: Dao, id: string): string[] {
  const table = dao.store.table("snis");
  return [...table.childIds("certificate", id)].map((sniId) => table.rows.get(sniId)?.["name"] as string).sort();
}

function splitNames(body: JsonObject): { names: string[] | undefined; rest: JsonObject } {
  const { snis, ...rest } = body;
  if (snis === undefined) return { names: undefined, rest };
  if (snis === null) return { names: [], rest };
  return Array.isArray(snis)
    ? { names: [...(snis as string[])].sort(), rest }
    : { names: undefined, rest: { ...rest, snis: snis as Json } };
}

function checkNames(dao: Dao, names: readonly string[], id: string | undefined): void {
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) throw schemaViolation({ snis: `${repeated} is duplicated` });
  for (const name of names) {
    const owner = certificateId(dao, name);
    if (owner !== undefined && owner !== id && !isUuid(name)) {
      throw schemaViolation({ snis: `${name} already associated with existing certificate '${owner}'` });
    }
  }
}

function setNames(dao: Dao, id: string, names: readonly string[]): void {
  const present = namesOf(dao, id);
  for (const name of names) {
    if (!present.includes(name)) dao.insert("snis", { name, certificate: { id } });
  }
  for (const name of present) {
    if (!names.includes(name)) dao.delete("snis", { field: "name", value: name });
  }
}
