import type { JsonObject } from "../../../../src/model/json.ts";
import { invalidOffset } from "../errors.ts";
import { isUuid } from "../schema/validators.ts";
import type { Dao } from "../store/dao.ts";
import type { Balancers } from "../health/balancers.ts";
import { bodyOf, listResponse, okOrNotFound } from "./entity-endpoints.ts";
import type { Page } from "./paging.ts";
import { pageOf, parsePageQuery, parseSize } from "./paging.ts";
import type { AdminRequest } from "./request.ts";
import type { AdminResponse } from "./response.ts";
import { NOT_FOUND, NO_CONTENT, created, ok } from "./response.ts";
import type { Handler, Router } from "./router.ts";

export interface TargetContext {
  readonly dao: Dao;
  readonly balancers: Balancers;
  readonly nodeId: string;
}

/**
 * Targets have no life of their own: all their paths begin at the upstream, PUT only changes what is there, and lists
 * go from the newest to the oldest, numbered instead of by id.
 */
export function addTargetEndpoints(router: Router, context: TargetContext): void {
  const { dao, balancers } = context;
  const gone = {
    GET: () => NOT_FOUND,
    POST: () => NOT_FOUND,
    PUT: () => NOT_FOUND,
    PATCH: () => NOT_FOUND,
    DELETE: () => NOT_FOUND,
  };
  for (const path of ["/targets", "/targets/{targets}", "/targets/{targets}/upstream"]) router.add(path, gone);
  router.add("/upstreams/{upstreams}/targets", {
    GET: ofUpstream(dao, (upstream, { query }, name) => {
      return listResponse(`/upstreams/${name}/targets`, newestFirst(dao, upstream, query), new URLSearchParams());
    }),
    POST: ofUpstream(dao, (upstream, request) => {
      return created(
        dao.insert("targets", { ...bodyOf(dao, "targets", request), upstream: { id: upstream["id"] as string } }),
      );
    }),
  });
  router.add("/upstreams/{upstreams}/targets/all", {
    GET: ofUpstream(dao, (upstream, { query }, name) => {
      const ids = dao.store.table("targets").childIds("upstream", upstream["id"] as string);
      const page = pageOf(dao, "targets", parsePageQuery(query), ids);
      return listResponse(`/upstreams/${name}/targets/all`, page, new URLSearchParams());
    }),
  });
  const change = ofTarget(dao, (target, request) => {
    return ok(dao.update("targets", { id: target["id"] as string }, bodyOf(dao, "targets", request)));
  });
  router.add("/upstreams/{upstreams}/targets/{targets}", {
    GET: ofTarget(dao, (target) => okOrNotFound(target)),
    PUT: change,
    PATCH: change,
    DELETE: ofTarget(dao, (target) => {
      dao.delete("targets", { id: target["id"] as string });
      return NO_CONTENT;
    }),
  });
  for (const address of ["", "/{address}"]) {
    for (const [name, healthy] of [
      ["healthy", true],
      ["unhealthy", false],
    ] as const) {
      router.add(`/upstreams/{upstreams}/targets/{targets}${address}/${name}`, {
        PUT: ofTarget(dao, (target, _request, upstream) => setHealth(dao, balancers, upstream, target, healthy)),
      });
    }
  }
  router.add("/upstreams/{upstreams}/health", {
    GET: ofUpstream(dao, (upstream, request, name) => health(context, upstream, request, name)),
  });
}

function health(context: TargetContext, upstream: JsonObject, { query }: AdminRequest, name: string): AdminResponse {
  const { dao, balancers, nodeId } = context;
  if (query.get("balancer_health") === "1") {
    const state = balancers.ofUpstream(upstream);
    return ok({ ...(state === undefined ? {} : { data: state }), next: null, node_id: nodeId });
  }
  const page = newestFirst(dao, upstream, query);
  const rows = page.rows.map((row) => ({ ...row, ...balancers.ofTarget(upstream, row) }));
  const list = listResponse(`/upstreams/${name}/health`, { ...page, rows }, new URLSearchParams());
  return ok({ ...(list.json as JsonObject), node_id: nodeId });
}

function setHealth(
  dao: Dao,
  balancers: Balancers,
  upstream: JsonObject,
  target: JsonObject,
  healthy: boolean,
): AdminResponse {
  if (balancers.ofUpstream(upstream) === undefined) {
    return { status: 400, json: { message: `Upstream ${String(upstream["name"])} has no balancer` } };
  }
  dao.store.setTargetHealth(target["id"] as string, healthy);
  return NO_CONTENT;
}

function newestFirst(dao: Dao, upstream: JsonObject, query: URLSearchParams): Page {
  const table = dao.store.table("targets");
  const rows = [...table.childIds("upstream", upstream["id"] as string)].map((id) => table.rows.get(id) as JsonObject);
  rows.sort(
    (a, b) => (b["created_at"] as number) - (a["created_at"] as number) || (String(a["id"]) < String(b["id"]) ? 1 : -1),
  );
  const size = parseSize(query.get("size"));
  const offset = query.get("offset");
  const start = offset === null ? 0 : Number(offset);
  if (Number.isNaN(start)) throw invalidOffset(offset ?? "", "bad offset string");
  const end = start + size;
  return { rows: rows.slice(start, end), offset: end < rows.length ? String(end) : undefined };
}

function ofUpstream(
  dao: Dao,
  answer: (upstream: JsonObject, request: AdminRequest, name: string) => AdminResponse,
): Handler {
  return (request, params) => {
    const name = params[0] as string;
    const upstream = dao.select("upstreams", dao.keyOf("upstreams", name));
    return upstream === undefined ? NOT_FOUND : answer(upstream, request, name);
  };
}

function ofTarget(
  dao: Dao,
  answer: (target: JsonObject, request: AdminRequest, upstream: JsonObject) => AdminResponse,
): Handler {
  return (request, params) => {
    const upstream = dao.select("upstreams", dao.keyOf("upstreams", params[0] as string));
    const target = upstream === undefined ? undefined : findTarget(dao, upstream, params[1] as string);
    return upstream === undefined || target === undefined ? NOT_FOUND : answer(target, request, upstream);
  };
}

function findTarget(dao: Dao, upstream: JsonObject, key: string): JsonObject | undefined {
  const table = dao.store.table("targets");
  const ids = table.childIds("upstream", upstream["id"] as string);
  if (isUuid(key)) return ids.has(key.toLowerCase()) ? table.rows.get(key.toLowerCase()) : undefined;
  const id = [...ids].find((candidate) => table.rows.get(candidate)?.["target"] === key);
  return id === undefined ? undefined : table.rows.get(id);
}
