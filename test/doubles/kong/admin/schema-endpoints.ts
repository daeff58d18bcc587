import type { JsonObject } from "../../../../src/model/json.ts";
import type { Dao } from "../store/dao.ts";
import { bodyOf } from "./entity-endpoints.ts";
import type { AdminRequest } from "./request.ts";
import { ok } from "./response.ts";
import type { AdminResponse } from "./response.ts";
import type { Router } from "./router.ts";

/** `/schemas/…` and `/plugins/schema/{name}`. */
export function addSchemaEndpoints(router: Router, dao: Dao): void {
  const { catalog } = dao.store;
  router.add("/schemas/{name}", {
    GET: (_request, [name = ""]) => {
      const shown = catalog.entities.get(name)?.shown ?? catalog.shownOnly.get(name);
      return shown === undefined ? unknown("entity", name) : ok(shown);
    },
  });
  for (const [path, type, word] of [
    ["plugins", "plugins", "plugin"],
    ["vaults", "vaults", "vault"],
  ] as const) {
    router.add(`/schemas/${path}/{name}`, {
      GET: (_request, [name = ""]) => {
        const shown = catalog.entities.get(type)?.variants?.shown.get(name);
        return shown === undefined ? unknown(word, name) : ok(shown);
      },
    });
  }
  router.add("/schemas/{db_entity_name}/validate", { POST: (request, [type = ""]) => validate(dao, type, request) });
  router.add("/schemas/plugins/validate", { POST: (request) => validate(dao, "plugins", request) });
  router.add("/schemas/vaults/validate", { POST: (request) => validate(dao, "vaults", request) });
  // An older path, which shows the configuration's part only.
  router.add("/plugins/schema/{name}", {
    GET: (_request, [name = ""]) => {
      const shown = catalog.entities.get("plugins")?.variants?.shown.get(name);
      return shown === undefined ? unknown("plugin", name) : ok(configurationOf(shown));
    },
  });
}

function validate(dao: Dao, type: string, request: AdminRequest): AdminResponse {
  if (!dao.store.catalog.entities.has(type)) return unknown("entity", type);
  dao.validate(type, bodyOf(dao, type, request));
  return ok({ message: "schema validation successful" });
}

function unknown(word: string, name: string): AdminResponse {
  return { status: 404, json: { message: `No ${word} named '${name}'` } };
}

function configurationOf(shown: JsonObject): JsonObject {
  const config = (shown["fields"] as JsonObject[]).find((field) => "config" in field)?.["config"] as JsonObject;
  return { fields: config["fields"] ?? [], entity_checks: config["entity_checks"] ?? [] };
}
