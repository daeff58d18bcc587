import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../../src/model/json.ts";
import { isUuid } from "../schema/validators.ts";
import type { Dao } from "../store/dao.ts";
import { bodyOf } from "./entity-endpoints.ts";
import type { AdminRequest } from "./request.ts";
import type { AdminResponse } from "./response.ts";
import { NO_CONTENT, ok } from "./response.ts";
import type { Handler, Match, Router } from "./router.ts";

/** A consumer's groups may be named by the group where other entities take an id. */
export function addAclEndpoints(router: Router, dao: Dao): void {
  const byId = router.find(["consumers", "x", "acls", "x"]) as Match;
  const byGroup = (
    answer: (acl: JsonObject | undefined, consumer: JsonObject, group: string, request: AdminRequest) => AdminResponse,
  ): Handler => {
    return (request, params) => {
      const [consumerKey = "", key = ""] = params;
      const general = byId.handlers[request.method === "HEAD" ? "GET" : request.method];
      if (isUuid(key) && general !== undefined) return general(request, params);
      const consumer = dao.select("consumers", dao.keyOf("consumers", consumerKey));
      if (consumer === undefined) return notFound();
      const owner = { id: consumer["id"] as string };
      const table = dao.store.table("acls");
      const id = table.idByComposite({ consumer: owner, group: key });
      return answer(id === undefined ? undefined : table.rows.get(id), owner, key, request);
    };
  };
  router.add("/consumers/{consumers}/acls/{acls}", {
    GET: byGroup((acl) => (acl === undefined ? notFound() : ok(acl))),
    PUT: byGroup((acl, consumer, group, request) => {
      const id = (acl?.["id"] as string | undefined) ?? randomUUID();
      return ok(dao.upsert("acls", { id }, { ...bodyOf(dao, "acls", request), consumer, group }));
    }),
    PATCH: byGroup((acl, _consumer, _group, request) => {
      if (acl === undefined) return notFound();
      return ok(dao.update("acls", { id: acl["id"] as string }, bodyOf(dao, "acls", request)));
    }),
    DELETE: byGroup((acl) => {
      if (acl === undefined) return notFound();
      dao.delete("acls", { id: acl["id"] as string });
      return NO_CONTENT;
    }),
  });
}

// This part of Kong answers by another helper, which adds the id of the request.
function notFound(): AdminResponse {
  return { status: 404, json: { message: "Not found", request_id: randomUUID().replaceAll("-", "") } };
}
