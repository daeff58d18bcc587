import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import { referencedByOthers, schemaViolation } from "../errors.ts";
import { certificateDigest } from "../schema/checks/pem.ts";
import { normalizeTarget } from "../schema/checks/text.ts";
import { isNonEmpty } from "../schema/lua-value.ts";
import type { Dao } from "./dao.ts";
import { checkPluginProtocols } from "./plugin-protocols.ts";
import { referenceId } from "./table.ts";

/** What one kind of entity does differently when it is written. */
export interface EntityRules {
  /** Before anything else in POST and PUT. */
  prepare?(dao: Dao, input: JsonObject): JsonObject;
  /** The same in PATCH. */
  prepareUpdate?(dao: Dao, input: JsonObject, stored: JsonObject): JsonObject;
  /** A complaint about a PATCH that needs what came in and what is stored. */
  checkUpdate?(input: JsonObject, stored: JsonObject): string | undefined;
  /** What is stored instead of the row; `input` is what the request named. */
  transform?(row: JsonObject, input: JsonObject): JsonObject;
  checkDelete?(dao: Dao, id: string): void;
  /** Kong 3.9 answers 500 to a PUT by name: its table lacks the index that the statement names. */
  readonly hasNoUpsertByName?: boolean;
}

const NONE: EntityRules = {};

const targets: EntityRules = {
  prepare: (_dao, input) => {
    if (typeof input["target"] !== "string") return input;
    const target = normalizeTarget(input["target"]);
    if (target === undefined) {
      throw schemaViolation({ target: "Invalid target; not a valid hostname or ip address" });
    }
    return { ...input, target };
  },
};

const plugins: EntityRules = {
  prepare: (dao, input) => {
    checkPluginProtocols(dao, input);
    return input;
  },
  prepareUpdate: (dao, input, stored) => {
    if (["protocols", "service", "route"].some((name) => isNonEmpty(input[name]))) {
      checkPluginProtocols(dao, { ...stored, ...input });
    }
    return input;
  },
};

const basicAuth: EntityRules = {
  checkUpdate: (input, stored) => {
    const moved = consumerOf(input) !== consumerOf(stored);
    const both = isNonEmpty(input["password"]) === (consumerOf(input) !== undefined);
    return moved && !both ? "all or none of these fields must be set: 'password', 'consumer.id'" : undefined;
  },
  transform: (row, input) => {
    if (!isNonEmpty(input["password"])) return row;
    const salted = `${String(row["password"])}${consumerOf(row) ?? ""}`;
    return { ...row, password: createHash("sha1").update(salted).digest("hex") };
  },
};

const caCertificates: EntityRules = {
  transform: (row, input) =>
    typeof input["cert"] === "string" ? { ...row, cert_digest: certificateDigest(input["cert"]) ?? null } : row,
  checkDelete: (dao, id) => {
    for (const [type, holder] of caHolders(dao)) {
      if (!holdsCa(holder, id)) continue;
      const owner = `${type} (id = ${String(holder["id"])})`;
      throw referencedByOthers(`ca certificate ${id} is still referenced by ${owner}`);
    }
  },
};

function* caHolders(dao: Dao): Generator<[type: string, holder: JsonObject]> {
  for (const row of dao.store.table("services").rows.values()) yield ["services", row];
  for (const row of dao.store.table("plugins").rows.values()) yield ["plugins", row];
}

function holdsCa(holder: JsonObject, id: string): boolean {
  const config = holder["config"];
  const lists: (Json | undefined)[] = [
    holder["ca_certificates"],
    isJsonObject(config) ? config["ca_certificates"] : null,
  ];
  return lists.some((list) => Array.isArray(list) && list.includes(id));
}

function consumerOf(row: JsonObject): string | undefined {
  return referenceId(row["consumer"]);
}

const RULES: Readonly<Record<string, EntityRules>> = {
  targets,
  plugins,
  basicauth_credentials: basicAuth,
  ca_certificates: caCertificates,
  key_sets: { hasNoUpsertByName: true },
  keys: { hasNoUpsertByName: true },
};

export function rulesOf(type: string): EntityRules {
  return RULES[type] ?? NONE;
}
