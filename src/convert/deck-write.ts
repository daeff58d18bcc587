import { Document, isScalar, Scalar, visit } from "yaml";
import type { Json, JsonObject } from "../model/json.ts";
import { KONG_ENTITY_TYPES, type KongEntityType } from "../model/kong-entity.ts";
import { REFERENCES } from "../plan/entity-graph.ts";
import { MEMBERSHIPS, PLAIN_REFERENCES, parentField, WITH_ID } from "./deck-layout.ts";
import { idIn, mapSecrets, nameOf, type FlatEntity, type IsSecret } from "./flat.ts";
import { variablePart } from "./placeholders.ts";

export interface DeckOptions {
  /** Writes references to the environment in the place of secrets; undefined writes the secrets. */
  readonly isSecret?: IsSecret | undefined;
  /** Tags that every entity has, and that are left out of each. */
  readonly selectTags: readonly string[];
  readonly workspace: string;
}

/**
 * A decK file, format 3.0. As decK does, ids are left out where a name tells entities apart, except where hashed
 * basic-auth passwords are written: those are made of the consumer's id.
 */
export function writeDeck(entities: readonly FlatEntity[], options: DeckOptions): string {
  const writer = new DeckWriter(entities, options);
  const document = new Document(writer.content(), { aliasDuplicateObjects: false });
  // Multi-line values come from the environment too, and must stand deep enough.
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === "string" && node.value.startsWith("${{")) {
        node.type = node.value.includes("| indent") ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_SINGLE;
      }
    },
  });
  return indented(document.toString({ lineWidth: 0 }));
}

/** `indent 0` on a line of its own gets the number of spaces before it. */
function indented(text: string): string {
  return text.replaceAll(
    /^( +)(\$\{\{ env "\w+" \| indent )0/gm,
    (_all, spaces: string, reference: string) => `${spaces}${reference}${spaces.length}`,
  );
}

class DeckWriter {
  readonly #byId: ReadonlyMap<string, FlatEntity>;
  readonly #entities: readonly FlatEntity[];
  readonly #options: DeckOptions;
  readonly #withIds: boolean;
  readonly #variables = new Set<string>();

  constructor(entities: readonly FlatEntity[], options: DeckOptions) {
    this.#entities = entities;
    this.#options = options;
    this.#byId = new Map(entities.map((entity) => [entity.id, entity]));
    this.#withIds = !options.isSecret && entities.some(({ type }) => type === "basicauth_credentials");
  }

  content(): JsonObject {
    const { selectTags, workspace } = this.#options;
    const lists = KONG_ENTITY_TYPES.flatMap((type) => {
      if (type === MEMBERSHIPS.type) return [];
      const list = this.#list(type, (entity) => this.#parentOf(entity) === undefined);
      return list.length === 0 ? [] : [[type, list] as const];
    });
    return {
      _format_version: "3.0",
      ...(selectTags.length > 0 ? { _info: { select_tags: [...selectTags] } } : {}),
      ...(workspace === "" ? {} : { _workspace: workspace }),
      ...Object.fromEntries([...lists].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  #list(type: KongEntityType, isMember: (entity: FlatEntity) => boolean): JsonObject[] {
    return this.#entities
      .filter((entity) => entity.type === type && isMember(entity))
      .sort((a, b) => compareText(this.#sortKey(a), this.#sortKey(b)))
      .map((entity) => this.#entry(entity));
  }

  #entry(entity: FlatEntity): JsonObject {
    const { type, id } = entity;
    const { isSecret } = this.#options;
    const parent = this.#parentOf(entity);
    const shown = isSecret
      ? mapSecrets(entity, isSecret, (path, value) => this.#reference(entity, path, value))
      : entity.fields;
    const { tags, ...fields } = shown;
    const entry: JsonObject = {};
    for (const [name, value] of Object.entries(fields)) {
      if (parent && name === parentField(type, entity.fields)) continue;
      if (type === "certificates" && name === "snis") continue;
      entry[name] = this.#shownReference(type, name, value);
    }
    const kept = Array.isArray(tags) ? tags.filter((tag) => !this.#options.selectTags.includes(String(tag))) : [];
    if (kept.length > 0) entry["tags"] = kept;
    if (
      entity.hasOwnId &&
      (this.#withIds || WITH_ID.has(type) || (nameOf(entity) === undefined && !hasSecretName(type)))
    )
      entry["id"] = id;
    for (const child of KONG_ENTITY_TYPES) {
      const list = this.#list(child, (each) => this.#parentOf(each)?.id === id);
      if (list.length > 0) entry[child] = list;
    }
    const groups = this.#groupsOf(entity);
    if (groups.length > 0) entry[MEMBERSHIPS.list] = groups;
    return Object.fromEntries(Object.entries(entry).sort(([a], [b]) => compareText(a, b)));
  }

  #groupsOf({ id }: FlatEntity): JsonObject[] {
    const memberships = this.#entities.filter(
      ({ type, fields }) => type === MEMBERSHIPS.type && idIn(fields["consumer"]) === id,
    );
    const names = memberships.flatMap(({ fields }) => {
      const group = this.#byId.get(idIn(fields["consumer_group"]) ?? "");
      return group ? [nameOf(group) ?? group.id] : [];
    });
    return names.sort().map((name) => ({ name }));
  }

  /** The entity under which this one stands. */
  #parentOf({ type, fields }: FlatEntity): FlatEntity | undefined {
    const field = parentField(type, fields);
    const id = field === undefined ? undefined : idIn(fields[field]);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  #shownReference(type: KongEntityType, name: string, value: Json): Json {
    const id = REFERENCES[type][name] === undefined ? undefined : idIn(value);
    if (id === undefined) return value;
    const target = this.#byId.get(id);
    const key = target && !WITH_ID.has(target.type) ? (nameOf(target) ?? id) : id;
    if (PLAIN_REFERENCES.has(`${type}.${name}`)) return key;
    return key === id ? { id } : { name: key };
  }

  #reference(entity: FlatEntity, path: string, value: string): string {
    const parent = this.#parentOf(entity);
    const owner = [
      parent && nameOf(parent),
      nameOf(entity) ?? (WITH_ID.has(entity.type) ? entity.id.slice(0, 8) : undefined),
    ];
    const words = [entity.type, ...owner, path.replace(/^config\./, "")].filter((word) => word !== undefined);
    const base = `DECK_${words.map(variablePart).filter(Boolean).join("_")}`;
    let name = base;
    for (let count = 2; this.#variables.has(name); count++) name = `${base}_${count}`;
    this.#variables.add(name);
    return value.includes("\n") ? `\${{ env "${name}" | indent 0 }}` : `\${{ env "${name}" }}`;
  }

  #sortKey(entity: FlatEntity): string {
    const scope = Object.values(entity.fields)
      .map((value) => idIn(value))
      .filter(Boolean);
    return [nameOf(entity) ?? "", ...scope, entity.id].join(" ");
  }
}

/** Types that a key tells apart, which is in the file anyway. */
function hasSecretName(type: KongEntityType): boolean {
  return /_(credentials|secrets)$/.test(type);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
