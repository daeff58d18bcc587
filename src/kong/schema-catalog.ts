import { KongRejectedError } from "../errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { FieldChange, KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { REFERENCES } from "../plan/entity-graph.ts";
import type { ActualEntity } from "../plan/kong.ts";
import { parseRecordSchema, pluginSchema, type RecordSchema } from "./schema.ts";
import { changedFields } from "./schema-compare.ts";
import { completeFields, type Completed } from "./schema-complete.ts";
import { hasUnforeseeable, storedForm, withDependentDefaults } from "./stored-form.ts";

/** Who is in which consumer group is no entity to the Admin API, and has no schema there. */
const MEMBERSHIP: RecordSchema = parseRecordSchema({
  fields: [{ consumer: { type: "foreign", required: true } }, { consumer_group: { type: "foreign", required: true } }],
});

/** Fetches `GET /schemas/…`; undefined where the gateway has no such entity or plugin. */
export type FetchSchema = (path: string) => Promise<JsonObject | undefined>;

/**
 * The live gateway's own schemas, fetched when first needed and kept until {@link forget}.
 *
 * Guarantees: each schema is asked for once, however many objects wait for it. One that could not be had is asked for
 * again by the next who needs it. What has been loaded stays usable through {@link forget}: a write may be under way.
 */
export class SchemaCatalog {
  readonly #fetch: FetchSchema;
  readonly #schemas = new Map<string, RecordSchema>([["consumer_group_consumers", MEMBERSHIP]]);
  /** Names of those fetched since {@link forget}. */
  readonly #fresh = new Set<string>();
  readonly #fetching = new Map<string, Promise<RecordSchema>>();

  constructor(fetch: FetchSchema) {
    this.#fetch = fetch;
  }

  /** The gateway may have other schemas now: each is fetched again by the next {@link load} that needs it. */
  forget(): void {
    this.#fresh.clear();
    this.#fetching.clear();
  }

  /**
   * Makes the schemas of these entities available to {@link complete} and {@link compare}.
   * @throws KongRejectedError where the gateway has no such entity or plugin.
   */
  async load(entities: readonly KongEntity[]): Promise<void> {
    const missing = entities.filter(
      (entity) => entity.type !== "consumer_group_consumers" && !this.#fresh.has(schemaName(entity)),
    );
    if (missing.length > 0) await Promise.all(missing.map((entity) => this.#load(entity)));
  }

  /**
   * Desired fields with the gateway's defaults. Only after {@link load}.
   * @throws KongRejectedError where the gateway's schema lacks a reference: a plugin without its route acts on everything.
   */
  complete(entity: KongEntity): Completed {
    const completed = completeFields(this.schemaOf(entity), withDependentDefaults(entity.type, entity.fields));
    const lost = completed.unknown.find((path) => Object.hasOwn(REFERENCES[entity.type], path));
    if (lost !== undefined) throw referenceNotAvailable(entity.type, lost);
    return hasUnforeseeable(entity) ? { ...completed, isOpaque: true } : completed;
  }

  /** What Kong holds differently from what it would hold. Only after {@link load}. */
  compare(entity: KongEntity, completed: Completed, actual: Pick<ActualEntity, "fields">): FieldChange[] {
    return changedFields(this.schemaOf(entity), storedForm(entity.type, completed.full), actual.fields);
  }

  /** Whether {@link schemaOf} has an answer. */
  knows(entity: Pick<KongEntity, "type" | "fields">): boolean {
    return this.#schemas.has(schemaName(entity));
  }

  /** Only after {@link load}. */
  schemaOf(entity: Pick<KongEntity, "type" | "fields">): RecordSchema {
    const schema = this.#schemas.get(schemaName(entity));
    if (!schema) throw new Error(`schema not loaded: ${schemaName(entity)}`);
    return schema;
  }

  async #load(entity: KongEntity): Promise<void> {
    const name = schemaName(entity);
    const fetching = this.#fetchOnce(name, entity.type);
    const schema = VARIANTS.has(entity.type)
      ? pluginSchema(await this.#fetchOnce(entity.type, entity.type), await fetching)
      : await fetching;
    this.#schemas.set(name, schema);
    // Forgotten meanwhile: good enough for who waits for it, and fetched again by the next.
    if (this.#fetching.get(name) === fetching) this.#fresh.add(name);
  }

  #fetchOnce(name: string, type: KongEntityType): Promise<RecordSchema> {
    const underWay = this.#fetching.get(name);
    if (underWay) return underWay;
    const fetching = this.#fetch(`/schemas/${name}`).then((raw) => {
      if (!raw) throw notAvailable(name, type);
      return parseRecordSchema(raw);
    });
    this.#fetching.set(name, fetching);
    fetching.catch(() => this.#fetching.delete(name));
    return fetching;
  }
}

/** Types whose `config` has a schema of its own for each `name`, with the word for one. */
const VARIANTS: ReadonlyMap<KongEntityType, string> = new Map([
  ["plugins", "plugin"],
  ["vaults", "vault"],
]);

/** `services`, `plugins/key-auth`, `vaults/env`. */
function schemaName({ type, fields }: Pick<KongEntity, "type" | "fields">): string {
  return VARIANTS.has(type) ? `${type}/${encodeURIComponent(String(fields["name"]))}` : type;
}

const NOT_IN_OSS: Readonly<Partial<Record<KongEntityType, string>>> = {
  consumer_groups:
    "the gateway has no consumer groups, which come with Kong Gateway Enterprise; groups for the acl plugin (spec.groups of a KongConsumer) are everywhere",
};

function notAvailable(name: string, type: KongEntityType): KongRejectedError {
  const word = VARIANTS.get(type);
  const message =
    word !== undefined && name !== type
      ? `the gateway has no ${word} ${JSON.stringify(decodeURIComponent(name.slice(type.length + 1)))}: install it there, or name another`
      : (NOT_IN_OSS[type] ?? `the gateway knows no ${type}`);
  return new KongRejectedError("NotSupportedByGateway", message, { status: 404 });
}

function referenceNotAvailable(type: KongEntityType, field: string): KongRejectedError {
  const message = `the gateway's schema of ${type} has no "${field}", and without it the entity would not be the one asked for`;
  return new KongRejectedError("NotSupportedByGateway", message, { status: 404 });
}
