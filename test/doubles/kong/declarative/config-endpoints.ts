import { createHash } from "node:crypto";
import { parse } from "yaml";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { AdminRequest } from "../admin/request.ts";
import type { AdminResponse } from "../admin/response.ts";
import { created, ok } from "../admin/response.ts";
import type { Router } from "../admin/router.ts";
import { KONG_CODES, KongError } from "../errors.ts";
import { prettyLine } from "../pretty.ts";
import type { ErrorTable } from "../schema/field.ts";
import { rulesOf } from "../store/entity-rules.ts";
import type { Store } from "../store/store.ts";
import { exportConfiguration } from "./export.ts";
import { flattenErrors } from "./flatten-errors.ts";
import type { Entities } from "./load.ts";
import { readDocument } from "./load.ts";
import type { Relation } from "./relations.ts";
import { relationsOf } from "./relations.ts";

/** Hash of a gateway that has no configuration. */
export const EMPTY_HASH = "0".repeat(32);

const WITH_DATABASE: AdminResponse = {
  status: 400,
  json: { message: "this endpoint is only available when Kong is configured to not use a database" },
};
const NOTHING_GIVEN: AdminResponse = { status: 400, json: { message: "expected a declarative configuration" } };
const BUSY: AdminResponse = {
  status: 429,
  json: { message: "Currently loading previous configuration" },
  headers: { "Retry-After": "10" },
};

/** With a database `/config` only says that it is not for that. */
export function addDatabaseConfigEndpoint(router: Router): void {
  router.add("/config", { GET: () => WITH_DATABASE, POST: () => WITH_DATABASE });
}

/** `/config` of a gateway without a database: the only way to change what it serves. */
export class DeclarativeConfig {
  readonly #store: Store;
  readonly #relations: readonly Relation[];
  /** How long a load of so many entities keeps the gateway busy. */
  readonly #loadMs: (entities: number) => number;
  #isLoading = false;
  #hash = EMPTY_HASH;

  constructor(store: Store, loadMs: (entities: number) => number = () => 0) {
    this.#store = store;
    this.#relations = relationsOf(store.catalog);
    this.#loadMs = loadMs;
  }

  get hash(): string {
    return this.#hash;
  }

  addEndpoints(router: Router): void {
    router.add("/config", {
      GET: () => ok({ config: exportConfiguration(this.#store) }),
      POST: (request) => this.#load(request),
    });
  }

  async #load(request: AdminRequest): Promise<AdminResponse> {
    const { flatten_errors: flat, check_hash: check, ...params } = parametersOf(request);
    const given = documentOf(params, request);
    if (given === undefined) return NOTHING_GIVEN;
    if (String(check) === "1" && given.hash === this.#hash) return { status: 304 };
    const result = readDocument(this.#store.catalog, this.#relations, given.document);
    if ("errors" in result) throw this.#refusal(result.errors, given.document, isTruthy(flat));
    // What Kong showed itself is not computed anew: a password is hashed already.
    const transforms = given.document["_transform"] !== false;
    return this.#apply(result.entities, given.hash ?? md5(JSON.stringify(given.document)), transforms);
  }

  async #apply(entities: Entities, hash: string, transforms: boolean): Promise<AdminResponse> {
    if (this.#isLoading) return BUSY;
    const rows = Object.entries(entities).flatMap(([type, byId]) =>
      Object.values(byId).map(
        (row) => [type, (transforms ? rulesOf(type).transform?.(row, row) : undefined) ?? row] as const,
      ),
    );
    this.#isLoading = true;
    try {
      const waitMs = this.#loadMs(rows.length);
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      this.#store.replaceAll(rows);
      this.#hash = rows.length === 0 ? EMPTY_HASH : hash;
    } finally {
      this.#isLoading = false;
    }
    return created(entities);
  }

  #refusal(errors: ErrorTable, document: JsonObject, flat: boolean): KongError {
    if (!flat) return invalidConfiguration(errors, {});
    const { flattened, rest } = flattenErrors(this.#relations, document, errors);
    return invalidConfiguration(rest, { flattened_errors: flattened });
  }
}

function invalidConfiguration(errors: ErrorTable, more: JsonObject): KongError {
  const message = `declarative config is invalid: ${prettyLine(errors as Json)}`;
  return new KongError(KONG_CODES.declarativeConfig, "invalid declarative configuration", message, {
    fields: errors as Json,
    ...more,
  });
}

function parametersOf({ query, body }: AdminRequest): JsonObject {
  return { ...Object.fromEntries(query), ...body };
}

interface GivenDocument {
  readonly document: JsonObject;
  /** Known only where the document came as a text. */
  readonly hash: string | undefined;
}

// The document is the body itself, a text in `config`, or a body that is neither JSON nor a form.
function documentOf(params: JsonObject, request: AdminRequest): GivenDocument | undefined {
  if (params["_format_version"] !== undefined) return { document: params, hash: undefined };
  const text = typeof params["config"] === "string" ? params["config"] : request.bodyText;
  if (text === "") return undefined;
  let value: Json;
  try {
    value = parseJson(text) ?? (parse(text, { version: "1.1" }) as Json);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    throw invalidConfiguration({ error: `failed parsing declarative configuration: ${why}` }, {});
  }
  if (!isJsonObject(value) && !(Array.isArray(value) && value.length === 0)) {
    throw invalidConfiguration({ error: "failed parsing declarative configuration: expected an object" }, {});
  }
  return { document: Array.isArray(value) ? {} : value, hash: md5(text) };
}

/** Kong tries JSON first too. */
function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function isTruthy(value: Json | undefined): boolean {
  return value === true || value === 1 || ["true", "1", "on", "yes"].includes(String(value).toLowerCase());
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
