import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { REFERENCES } from "../plan/entity-graph.ts";
import { splitUrl } from "../translate/kong-service.ts";
import { FILE_KEYS, MEMBERSHIPS, PARENT_FIELDS } from "./deck-layout.ts";
import { labelOf, nameOf, type FlatEntity, type Lost } from "./flat.ts";

export interface DeckContent {
  readonly entities: readonly FlatEntity[];
  readonly lost: readonly Lost[];
  readonly workspace: string | undefined;
  /** False: credentials are as Kong stores them. */
  readonly isTransformed: boolean;
}

export class DeckError extends Error {
  override readonly name = "DeckError";
}

const TYPES: ReadonlySet<string> = new Set(KONG_ENTITY_TYPES);
/** `_info.defaults` names types in the singular. */
const DEFAULTS_OF: Readonly<Partial<Record<KongEntityType, string>>> = {
  services: "service",
  routes: "route",
  upstreams: "upstream",
  targets: "target",
};
const WHY_NOT: Readonly<Record<string, string>> = {
  licenses: "a licence belongs to the gateway, not to its configuration",
  rbac_roles: "rights on the Admin API belong to the gateway, not to its configuration",
  service_packages: "belongs to Konnect",
};

/**
 * The entities of a decK file, with its defaults, select tags and plugin configurations put into each.
 * @throws DeckError where it is none, or of another version.
 */
export function readDeck(value: Json): DeckContent {
  if (!isJsonObject(value)) throw new DeckError("not a decK file: it holds no object");
  const version = String(value["_format_version"] ?? "");
  if (!/^3(\.\d+)?$/.test(version)) {
    const found = version === "" ? "has no _format_version" : `is of format ${version}`;
    throw new DeckError(`the file ${found}; 3.0 is known. deck file convert brings older ones there`);
  }
  return new DeckReader(value).read();
}

class DeckReader {
  readonly #file: JsonObject;
  readonly #entities: FlatEntity[] = [];
  readonly #lost: Lost[] = [];
  readonly #selectTags: readonly string[];
  readonly #defaults: JsonObject;
  #made = 0;

  constructor(file: JsonObject) {
    this.#file = file;
    const info = isJsonObject(file["_info"]) ? file["_info"] : {};
    this.#selectTags = Array.isArray(info["select_tags"]) ? info["select_tags"].map(String) : [];
    this.#defaults = isJsonObject(info["defaults"]) ? info["defaults"] : {};
  }

  read(): DeckContent {
    for (const [key, list] of Object.entries(this.#file)) {
      if (TYPES.has(key)) this.#list(key as KongEntityType, list, undefined);
      else if (!FILE_KEYS.has(key)) this.#lost.push({ entity: key, why: WHY_NOT[key] ?? "there is no kind for it" });
    }
    if (this.#file["_konnect"] !== undefined) this.#lost.push({ entity: "_konnect", why: "belongs to Konnect" });
    const workspace = this.#file["_workspace"];
    return {
      entities: this.#resolved(),
      lost: this.#lost,
      workspace: typeof workspace === "string" ? workspace : undefined,
      isTransformed: this.#file["_transform"] !== false,
    };
  }

  #list(type: KongEntityType, list: Json | undefined, parent: { field: string; entity: FlatEntity } | undefined): void {
    if (list === null || list === undefined) return;
    if (!Array.isArray(list)) throw new DeckError(`${type}: must be a list`);
    for (const item of list) {
      // A certificate's SNIs may be plain names.
      const given = type === "snis" && typeof item === "string" ? { name: item } : item;
      if (!isJsonObject(given)) throw new DeckError(`${type}: must be a list of objects`);
      this.#entity(type, given, parent);
    }
  }

  #entity(type: KongEntityType, given: JsonObject, parent: { field: string; entity: FlatEntity } | undefined): void {
    const fields: JsonObject = { ...this.#defaultsOf(type), ...withoutUrl(type, this.#configured(type, given)) };
    const nested: (readonly [KongEntityType, Json])[] = [];
    for (const [name, value] of Object.entries(fields)) {
      if (type === "consumers" && name === MEMBERSHIPS.list) delete fields[name];
      const isNested = TYPES.has(name) && REFERENCES[type][name] === undefined;
      if (isNested) nested.push([name as KongEntityType, value]);
      if (isNested || value === null || ["id", "created_at", "updated_at"].includes(name)) delete fields[name];
    }
    if (parent) fields[parent.field] = { id: parent.entity.id };
    const tags = [...(Array.isArray(fields["tags"]) ? fields["tags"].map(String) : []), ...this.#selectTags];
    if (tags.length > 0) fields["tags"] = [...new Set(tags)];
    const id = typeof given["id"] === "string" ? given["id"] : `${type}-${++this.#made}`;
    const entity: FlatEntity = { type, id, hasOwnId: given["id"] !== undefined, fields };
    this.#entities.push(entity);
    if (type === "consumers") this.#memberships(entity, given[MEMBERSHIPS.list]);
    for (const [child, list] of nested) this.#child(entity, child, list);
  }

  #memberships(consumer: FlatEntity, groups: Json | undefined): void {
    if (!Array.isArray(groups)) return;
    for (const group of groups) {
      const fields = { consumer: { id: consumer.id }, consumer_group: keyOf(group) };
      const id = `${MEMBERSHIPS.type}-${++this.#made}`;
      this.#entities.push({ type: MEMBERSHIPS.type, id, hasOwnId: false, fields });
    }
  }

  #child(parent: FlatEntity, type: KongEntityType, list: Json): void {
    const field = Object.entries(PARENT_FIELDS[type] ?? {}).find(([, of]) => of === parent.type)?.[0];
    if (field === undefined) this.#lost.push({ entity: labelOf(parent), field: type, why: "cannot stand there" });
    else this.#list(type, list, { field, entity: parent });
  }

  /** A plugin's `_config` names a configuration that several share. */
  #configured(type: KongEntityType, given: JsonObject): JsonObject {
    const { _config: shared, ...fields } = given;
    if (type !== "plugins" || typeof shared !== "string") return fields;
    const configs = this.#file["_plugin_configs"];
    const config = isJsonObject(configs) ? configs[shared] : undefined;
    if (!isJsonObject(config))
      throw new DeckError(`plugins: _config names ${JSON.stringify(shared)}, which is not in _plugin_configs`);
    return { ...fields, config: { ...config, ...(isJsonObject(fields["config"]) ? fields["config"] : {}) } };
  }

  #defaultsOf(type: KongEntityType): JsonObject {
    const defaults = this.#defaults[DEFAULTS_OF[type] ?? ""];
    return isJsonObject(defaults) ? structuredClone(defaults) : {};
  }

  /** References by name or id become those to the entities of this file; what names another is lost. */
  #resolved(): FlatEntity[] {
    const index = new Map<string, FlatEntity>();
    for (const entity of this.#entities) {
      for (const key of [nameOf(entity), entity.id]) if (key !== undefined) index.set(`${entity.type} ${key}`, entity);
    }
    const find = (type: KongEntityType, key: string): FlatEntity | undefined => index.get(`${type} ${key}`);
    const dropped = new Set<string>();
    const result = this.#entities.map((entity) => {
      const fields = { ...entity.fields };
      for (const [field, type] of Object.entries(REFERENCES[entity.type])) {
        const value = fields[field];
        if (value === undefined) continue;
        const keys = (Array.isArray(value) ? value : [value]).map(keyOf);
        const found = keys.map((key) => find(type, key)?.id ?? "");
        if (found.includes("")) {
          const why = `names ${type} ${JSON.stringify(keys[found.indexOf("")])}, which is not in the file`;
          this.#lost.push({ entity: labelOf(entity), field, why });
          // Without what it belongs to it would be another entity: a plugin would act on everything.
          dropped.add(entity.id);
        }
        fields[field] = Array.isArray(value) ? found : { id: found[0] ?? "" };
      }
      return { ...entity, fields };
    });
    return result.filter(({ id }) => !dropped.has(id));
  }
}

/** A service's `url` is short for four fields, each of which may be there as well and wins. */
function withoutUrl(type: KongEntityType, given: JsonObject): JsonObject {
  const { url, ...fields } = given;
  if (type !== "services" || typeof url !== "string") return given;
  try {
    return { ...splitUrl(url), ...fields };
  } catch {
    // A part of it may come from the environment: the object's own check says what is wrong.
    return given;
  }
}

function keyOf(value: Json): string {
  if (!isJsonObject(value)) return String(value);
  return String(value["id"] ?? value["name"] ?? value["username"] ?? "");
}
