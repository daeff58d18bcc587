import { uniqueViolation } from "../errors.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { Dao } from "../store/dao.ts";
import { referenceId } from "../store/table.ts";
import { okOrNotFound } from "./entity-endpoints.ts";
import { NO_CONTENT, NOT_FOUND, created, ok } from "./response.ts";
import type { Router } from "./router.ts";

const MEMBERS = "consumer_group_consumers";

/**
 * Who is in which consumer group, where the gateway has them: `/consumer_groups/{}/consumers[/{}]`.
 * Source: docs.konghq.com, Admin API of Kong Gateway Enterprise; not recorded from a gateway.
 */
export function addConsumerGroupEndpoints(router: Router, dao: Dao): void {
  if (!dao.store.catalog.entities.has(MEMBERS)) return;
  const find = (type: string, key = ""): JsonObject | undefined => dao.select(type, dao.keyOf(type, key));
  const membersOf = (group: JsonObject): JsonObject[] => {
    const table = dao.store.table(MEMBERS);
    return [...table.childIds("consumer_group", String(group["id"]))].flatMap((id): JsonObject[] => [
      table.rows.get(id) ?? {},
    ]);
  };
  const memberOf = (groupKey = "", consumerKey = ""): { member: JsonObject; consumer: JsonObject } | undefined => {
    const [group, consumer] = [find("consumer_groups", groupKey), find("consumers", consumerKey)];
    const member = group && membersOf(group).find((row) => referenceId(row["consumer"]) === consumer?.["id"]);
    return member && consumer && { member, consumer };
  };
  router.add("/consumer_groups/{consumer_groups}/consumers", {
    GET: (_request, [groupKey]) => {
      const group = find("consumer_groups", groupKey);
      if (!group) return NOT_FOUND;
      const ids = membersOf(group).map((row) => referenceId(row["consumer"]) ?? "");
      return ok({ data: ids.flatMap((id) => dao.select("consumers", { id }) ?? []), next: null });
    },
    POST: (request, [groupKey]) => {
      const group = find("consumer_groups", groupKey);
      const consumer = find("consumers", String(request.body["consumer"]));
      if (!group || !consumer) return NOT_FOUND;
      const row = { consumer_group: { id: group["id"] ?? null }, consumer: { id: consumer["id"] ?? null } };
      if (memberOf(String(group["id"]), String(consumer["id"]))) throw uniqueViolation(row);
      dao.insert(MEMBERS, row);
      return created({ consumer_group: group, consumers: [consumer] });
    },
  });
  router.add("/consumer_groups/{consumer_groups}/consumers/{consumers}", {
    GET: (_request, [groupKey, consumerKey]) => okOrNotFound(memberOf(groupKey, consumerKey)?.consumer),
    DELETE: (_request, [groupKey, consumerKey]) => {
      const found = memberOf(groupKey, consumerKey);
      if (!found) return NOT_FOUND;
      dao.delete(MEMBERS, { id: String(found.member["id"]) });
      return NO_CONTENT;
    },
  });
}
