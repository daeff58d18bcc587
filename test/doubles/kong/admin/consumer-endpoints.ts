import type { Dao } from "../store/dao.ts";
import { ok } from "./response.ts";
import type { Handler, Match, Router } from "./router.ts";

/** Consumers are the only entities that a list finds by a field: `?custom_id=`. */
export function addConsumerEndpoints(router: Router, dao: Dao): void {
  const list = (router.find(["consumers"]) as Match).handlers["GET"] as Handler;
  router.add("/consumers", {
    GET: (request, params) => {
      const customId = request.query.get("custom_id");
      if (customId === null || customId === "") return list(request, params);
      const table = dao.store.table("consumers");
      const id = table.idByUnique("custom_id", customId);
      const row = id === undefined ? undefined : table.rows.get(id);
      return ok({ data: row === undefined ? [] : [row], next: null });
    },
  });
}
