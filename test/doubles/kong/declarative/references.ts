import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";
import type { Catalog, EntitySchema } from "../schema/catalog.ts";
import type { ErrorList, ErrorTable } from "../schema/field.ts";
import type { Entities, FlatEntity } from "./load.ts";

/** The entities of a document while their names, ids and references are checked against each other. */
export class References {
  readonly #catalog: Catalog;
  readonly #entries: FlatEntity[] = [];
  readonly #byId = new Map<string, JsonObject>();
  readonly #byName = new Map<string, JsonObject>();
  readonly #errors: ErrorTable = {};

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  add(entry: FlatEntity): void {
    const { type, row } = entry;
    const name = this.#nameOf(type, row);
    const id = row["id"] as string;
    if (name !== undefined && this.#byName.has(`${type}|${name.value}`)) {
      atIndex(this.#errors, type, entry.index, alreadyDeclared(type, name.field, name.value));
      return;
    }
    if (name !== undefined) this.#byName.set(`${type}|${name.value}`, row);
    if (this.#byId.has(`${type}|${id}`)) {
      this.#addDuplicateId(entry, alreadyDeclared(type, "primary key", id));
      return;
    }
    this.#byId.set(`${type}|${id}`, row);
    this.#entries.push(entry);
  }

  /** What is declared twice, refers to nothing, or repeats a unique value. */
  errors(): ErrorTable | undefined {
    for (const entry of this.#entries) this.#resolve(entry);
    if (Object.keys(this.#errors).length === 0) this.#checkUnique();
    return Object.keys(this.#errors).length > 0 ? this.#errors : undefined;
  }

  entities(): Entities {
    const entities: Entities = {};
    for (const { type, row, ttl } of this.#entries) {
      const shown = typeof ttl === "number" ? { ...row, ttl } : row;
      (entities[type] ??= {})[row["id"] as string] = shown;
    }
    return entities;
  }

  #schema(type: string): EntitySchema {
    return this.#catalog.entities.get(type) as EntitySchema;
  }

  #nameOf(type: string, row: JsonObject): { field: string; value: string } | undefined {
    const schema = this.#schema(type);
    const field = schema.definition.endpointKey;
    if (field === undefined || schema.record.byName.get(field)?.unique !== true) return undefined;
    const value = row[field];
    return typeof value === "string" ? { field, value } : undefined;
  }

  // Inside a parent the complaint stands at the parent's place in the document.
  #addDuplicateId({ type, index, parent }: FlatEntity, message: string): void {
    if (parent === undefined) {
      atIndex(this.#errors, type, index, message);
      return;
    }
    const lists = (this.#errors[parent.type] ??= []) as ErrorList;
    while (lists.length <= parent.index) lists.push(null);
    const table = (lists[parent.index] ??= {}) as ErrorTable;
    atIndex(table, type, index, message);
  }

  #resolve({ type, row, index }: FlatEntity): void {
    for (const [field, definition] of this.#schema(type).record.fields) {
      const value = row[field];
      if (definition.reference === undefined || value === null || value === undefined) continue;
      const key = isJsonObject(value) ? value["id"] : value;
      const found =
        typeof key === "string"
          ? (this.#byName.get(`${definition.reference}|${key}`) ?? this.#byId.get(`${definition.reference}|${key}`))
          : undefined;
      if (found !== undefined) {
        row[field] = { id: found["id"] as string };
        continue;
      }
      const shown = typeof value === "string" ? value : JSON.stringify(value);
      const message = `invalid reference '${field}: ${shown}' (no such entry in '${definition.reference}')`;
      const at = this.#nameOf(type, row)?.value ?? (row["id"] as string | undefined) ?? String(index + 1);
      const table = (this.#errors[type] ??= {}) as ErrorTable;
      ((table[at] ??= []) as ErrorList).push(message);
    }
  }

  #checkUnique(): void {
    const seen = new Map<string, Json>();
    for (const { type, row } of this.#entries) {
      const schema = this.#schema(type);
      for (const [field, definition] of schema.record.fields) {
        const value = row[field];
        if (!definition.unique || typeof value !== "string") continue;
        const key = `${type}|${field}|${value}`;
        if (!seen.has(key)) {
          seen.set(key, true);
          continue;
        }
        const { endpointKey } = schema.definition;
        const at = (endpointKey === undefined ? undefined : row[endpointKey]) ?? row["id"];
        ((this.#errors[type] ??= {}) as ErrorTable)[String(at)] = alreadyDeclared(type, field, value);
      }
    }
  }
}

function alreadyDeclared(type: string, key: string, value: string): string {
  return `uniqueness violation: '${type}' entity with ${key} set to '${value}' already declared`;
}

function atIndex(errors: ErrorTable, type: string, index: number, message: string): void {
  const list = (errors[type] ??= []) as ErrorList;
  while (list.length <= index) list.push(null);
  list[index] = message;
}
