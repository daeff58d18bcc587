import { API_VERSION, LABEL_SECRET } from "../api/names.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { idIn, isVaultReference, labelOf, nameOf, type FlatEntity, type IsSecret, type Lost } from "./flat.ts";
import { ObjectNames } from "./object-names.ts";
import { secretPlaceholder } from "./placeholders.ts";

export interface WriterOptions {
  readonly namespace: string;
  /** How the objects take over what stands in Kong already; not at all where undefined. */
  readonly adopt?: "match" | "override" | undefined;
  /** Writes the values of Secrets; placeholders otherwise. */
  readonly withSecrets: boolean;
  readonly isSecret: IsSecret;
  /** The variable of the environment that a value of the file names. */
  readonly variableOf?: ((value: string) => string | undefined) | undefined;
  /** False where credentials are as Kong stores them. */
  readonly isTransformed: boolean;
}

/** An object as it stands in a file. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & { readonly name: string; readonly namespace: string };
  readonly spec?: JsonObject;
  readonly type?: string;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** What the conversions of the kinds share: names, Secrets, references, and the list of what is lost. */
export class ManifestWriter {
  readonly options: WriterOptions;
  readonly objects: ManifestObject[] = [];
  readonly lost: Lost[] = [];
  readonly #names = new ObjectNames();
  readonly #objectOf = new Map<string, string>();
  readonly #upstreams: ReadonlyMap<string, string>;
  readonly #children = new Map<string, FlatEntity[]>();

  constructor(entities: readonly FlatEntity[], options: WriterOptions) {
    this.options = options;
    const upstreams = entities.filter(({ type }) => type === "upstreams");
    this.#upstreams = new Map(upstreams.map((entity) => [nameOf(entity) ?? "", entity.id]));
    for (const entity of entities) {
      for (const value of Object.values(entity.fields)) {
        const parent = idIn(value);
        if (parent === undefined) continue;
        const key = `${parent} ${entity.type}`;
        this.#children.set(key, [...(this.#children.get(key) ?? []), entity]);
      }
    }
  }

  /** Entities of a type that refer to this one. */
  children(entity: FlatEntity, type: KongEntityType): readonly FlatEntity[] {
    return this.#children.get(`${entity.id} ${type}`) ?? [];
  }

  /** The object of the upstream that services name by their host. */
  upstreamNamed(host: string): string | undefined {
    const id = this.#upstreams.get(host);
    return id === undefined ? undefined : this.objectOf(id);
  }

  /** Gives the entity's object its name, before anything refers to it. */
  name(kind: string, entity: FlatEntity, wanted: string): void {
    this.#objectOf.set(entity.id, this.#names.take(kind, wanted));
  }

  objectOf(id: string): string | undefined {
    return this.#objectOf.get(id);
  }

  /** `{name}` of the object of what a field refers to; undefined, and told as lost, where that is not carried over. */
  reference(entity: FlatEntity, field: string, id = idIn(entity.fields[field])): { name: string } | undefined {
    if (id === undefined) return undefined;
    const name = this.objectOf(id);
    if (name === undefined) this.lose(entity, "what it refers to is not among what was taken over", field);
    return name === undefined ? undefined : { name };
  }

  lose(entity: FlatEntity, why: string, field?: string): void {
    this.lost.push({ entity: labelOf(entity), ...(field === undefined ? {} : { field }), why });
  }

  add(kind: string, entity: FlatEntity, spec: JsonObject): void {
    const { namespace, adopt } = this.options;
    const name = this.objectOf(entity.id) ?? "";
    const tags = entity.fields["tags"];
    const needsId = nameOf(entity) === undefined && entity.hasOwnId;
    this.objects.push({
      apiVersion: API_VERSION,
      kind,
      metadata: { name, namespace },
      spec: {
        ...spec,
        ...(Array.isArray(tags) && tags.length > 0 ? { tags } : {}),
        ...(adopt ? { adopt: { mode: adopt, ...(needsId ? { id: entity.id } : {}) } } : {}),
      },
    });
  }

  /**
   * A Secret that the operator may read.
   * @param options.plain keys whose values are no secrets.
   * @returns its name.
   */
  secret(
    wanted: string,
    values: Readonly<Record<string, string>>,
    options: { readonly type?: string; readonly plain?: readonly string[] } = {},
  ): string {
    const { namespace, withSecrets, variableOf } = this.options;
    const { type, plain = [] } = options;
    const name = this.#names.take("Secret", wanted);
    const shown = Object.entries(values).map(([key, value]): [string, string] => {
      if (withSecrets || plain.includes(key)) return [key, value];
      const variable = variableOf?.(value);
      return [key, variable === undefined ? secretPlaceholder(name, key) : `\${${variable}}`];
    });
    this.objects.push({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace, labels: { [LABEL_SECRET]: "true" } },
      ...(type === undefined ? {} : { type }),
      stringData: Object.fromEntries(shown),
    });
    return name;
  }

  /** The fields without references, and what is written in another way. */
  plainFields({ fields }: FlatEntity, without: readonly string[]): JsonObject {
    const left = new Set(["tags", ...without]);
    return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !left.has(name) && value !== null));
  }

  /**
   * `config`, with its secrets taken out into a Secret of this name, and the patches that put them back.
   */
  config(entity: FlatEntity, secretName: string): JsonObject {
    const secrets: { pointer: string; value: string }[] = [];
    const { isSecret } = this.options;
    const walk = (value: Json, steps: readonly string[]): Json | undefined => {
      const path = ["config", ...steps].join(".");
      if (Array.isArray(value)) return value.map((item, index) => walk(item, [...steps, String(index)]) ?? "");
      if (isJsonObject(value)) {
        const kept = Object.entries(value).map(([name, item]) => [name, walk(item, [...steps, name])] as const);
        return Object.fromEntries(kept.filter((each): each is [string, Json] => each[1] !== undefined));
      }
      if (typeof value !== "string" || value === "" || isVaultReference(value) || !isSecret(entity, path)) return value;
      secrets.push({
        pointer: `/${steps.map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`,
        value,
      });
      return undefined;
    };
    const config = (walk(entity.fields["config"] ?? {}, []) ?? {}) as JsonObject;
    const shown = Object.keys(config).length > 0 ? { config } : {};
    if (secrets.length === 0) return shown;
    const keyOf = (pointer: string): string => pointer.slice(1).replaceAll(/[^-._a-zA-Z0-9]+/g, ".");
    const name = this.secret(
      secretName,
      Object.fromEntries(secrets.map(({ pointer, value }) => [keyOf(pointer), value])),
    );
    const patches = secrets.map(({ pointer }) => ({
      path: pointer,
      valueFrom: { secretKeyRef: { name, key: keyOf(pointer) } },
    }));
    return { ...shown, configPatches: patches };
  }
}
