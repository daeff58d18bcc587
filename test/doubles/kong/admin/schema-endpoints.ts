import type { Dao } from "../store/dao.ts";
import { ok } from "./response.ts";
import type { AdminResponse } from "./response.ts";
import type { Router } from "./router.ts";

/** `/schemas/…` and `/plugins/schema/{}`. */
export function addSchemaEndpoints(router: Router, dao: Dao): void {
  const { catalog } = dao.store;
  const plugin = (name: string): AdminResponse => {
    const shown = catalog.entities.get("plugins")?.variants?.shown.get(name);
    return shown === undefined ? { status: 404, json: { message: `No plugin named '${name}'` } } : ok(shown);
  };
  router.add("/schemas/{}", {
    GET: (_request, [name = ""]) => {
      const shown = catalog.entities.get(name)?.shown ?? catalog.shownOnly.get(name);
      return shown === undefined ? { status: 404, json: { message: `No entity named '${name}'` } } : ok(shown);
    },
  });
  router.add("/schemas/plugins/{}", { GET: (_request, [name = ""]) => plugin(name) });
  router.add("/plugins/schema/{}", { GET: (_request, [name = ""]) => plugin(name) });
}
