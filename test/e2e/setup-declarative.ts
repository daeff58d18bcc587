import { randomUUID } from "node:crypto";
import { parse } from "yaml";

type Row = Record<string, unknown> & { id: string };
type Tables = Record<string, Row[]>;

/** Tables of a configuration by the path of their collection, at the top and below a consumer. */
const TABLES: Readonly<Record<string, string>> = {
  "key-auths": "keyauth_credentials",
  "key-auth": "keyauth_credentials",
  jwts: "jwt_secrets",
  jwt: "jwt_secrets",
  "basic-auths": "basicauth_credentials",
  "basic-auth": "basicauth_credentials",
  "hmac-auths": "hmacauth_credentials",
  "hmac-auth": "hmacauth_credentials",
  oauth2: "oauth2_credentials",
};
const NAME_FIELDS = ["id", "name", "username", "target"];

/**
 * One edit of a configuration as a person makes it who gets it, changes it and loads it again: what POST, PUT, PATCH and
 * DELETE do at a gateway with a database.
 * @param config as `GET /config` shows it.
 * @returns the new configuration, and where the entity is found in it; undefined where it is gone.
 */
export function editConfiguration(
  config: string,
  method: string,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
): { readonly document: object; readonly path: string | undefined } {
  const { _format_version, _transform, ...rest } = parse(config, { version: "1.1" }) as Tables &
    Record<string, unknown>;
  const tables = rest as Tables;
  const steps = path.split("?")[0]!.split("/").filter(Boolean).map(decodeURIComponent);
  const [collection = "", parentName, child, childName] = steps;
  const parent = child === undefined ? undefined : rowOf(tables, collection, parentName);
  const table = tableOf(child ?? collection);
  const name = child === undefined ? parentName : childName;
  const fields = Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== null)
      .map(([field, value]) => [field, idIn(value) ?? value]),
  );
  const belongs = parent ? { [collection.replace(/s$/, "")]: parent.id } : {};
  const rows = (tables[table] ??= []);
  const at = name === undefined ? -1 : rows.findIndex((row) => NAME_FIELDS.some((field) => row[field] === name));
  const found = rows[at];
  let id = found?.id;
  if (method === "DELETE") {
    if (found) removeWithUsers(tables, found.id);
    id = undefined;
  } else if (method === "PATCH" && found) {
    rows[at] = merged(found, body) as Row;
  } else {
    id ??= typeof body["id"] === "string" ? body["id"] : randomUUID();
    rows.splice(found ? at : rows.length, 1, { ...fields, ...belongs, id });
  }
  const target = parent ? `/${collection}/${parent.id}/${child}` : `/${collection}`;
  return { document: { _format_version, _transform, ...tables }, path: id && `${target}/${id}` };
}

function rowOf(tables: Tables, collection: string, name: string | undefined): Row {
  const row = tables[tableOf(collection)]?.find((each) => NAME_FIELDS.some((field) => each[field] === name));
  if (!row) throw new Error(`nothing in the configuration is ${collection}/${name}`);
  return row;
}

function tableOf(collection: string): string {
  return TABLES[collection] ?? collection;
}

function idIn(value: unknown): unknown {
  const isReference = typeof value === "object" && value !== null && Object.keys(value).join() === "id";
  return isReference ? (value as { id: string }).id : undefined;
}

/** As PATCH does: records member by member, anything else as a whole. */
function merged(before: unknown, change: unknown): unknown {
  if (!isRecord(before) || !isRecord(change)) return idIn(change) ?? change;
  const names = [...new Set([...Object.keys(before), ...Object.keys(change)])].filter(
    (name) => !isFormer(name, change),
  );
  return Object.fromEntries(
    names.map((name) => [name, name in change ? merged(before[name], change[name]) : before[name]]),
  );
}

/** `redis_password` is another name of `redis.password`, and both must be the same. */
function isFormer(name: string, change: Record<string, unknown>): boolean {
  const { redis } = change;
  return isRecord(redis) && Object.keys(redis).some((field) => name === `redis_${field}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function removeWithUsers(tables: Tables, id: string): void {
  for (const rows of Object.values(tables)) {
    const going = rows.filter((row) => row.id === id);
    const users = rows.filter((row) => row.id !== id && Object.values(row).includes(id));
    for (const row of going) rows.splice(rows.indexOf(row), 1);
    for (const user of users) removeWithUsers(tables, user.id);
  }
}
