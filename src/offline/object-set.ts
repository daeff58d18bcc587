import { KINDS } from "../api/kinds.ts";
import { API_VERSION, GROUP, SECRET_PLACEHOLDER } from "../api/names.ts";
import { KONG_KINDS, type KongKind } from "../controllers/kong-kinds.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import { FileError, type Manifest } from "./manifest-files.ts";

export interface SetObject {
  readonly key: ObjectKey;
  readonly manifest: Manifest;
}

/** A gateway object of the set with its kind's translation. */
export interface KongSetObject extends SetObject {
  readonly kind: KongKind;
}

export interface ObjectSetOptions {
  /** Of objects that name none. */
  readonly namespace: string;
  /** A variable of the environment, for placeholders in Secrets. */
  readonly variable: (name: string) => string | undefined;
}

/** The objects of files, in the place that the caches have in the operator. */
export class ObjectSet {
  readonly #objects = new Map<string, SetObject>();
  readonly #variable: ObjectSetOptions["variable"];
  /** Kinds and how many objects of them were left alone, because they are none of ours. */
  readonly others = new Map<string, number>();

  /** @throws FileError where two objects have one name, or one is of a version or kind of ours that is not there. */
  constructor(manifests: readonly Manifest[], { namespace, variable }: ObjectSetOptions) {
    this.#variable = variable;
    for (const manifest of manifests) this.#add(manifest, namespace);
  }

  get(key: ObjectKey): SetObject | undefined {
    return this.#objects.get(formatKey(key));
  }

  ofKind(kind: string): SetObject[] {
    return [...this.#objects.values()].filter(({ key }) => key.kind === kind);
  }

  /** By kind, in the order in which their entities are created. */
  kongObjects(): KongSetObject[][] {
    return KONG_KINDS.map((kind) => this.ofKind(kind.definition.kind).map((object) => ({ ...object, kind })));
  }

  /** Labels of a namespace whose object is in the set. */
  namespaceLabels(name: string): Readonly<Record<string, string>> {
    const found = this.ofKind("Namespace").find(({ key }) => key.name === name);
    return { ...found?.manifest.metadata.labels, "kubernetes.io/metadata.name": name };
  }

  /**
   * Decoded data of a Secret; a key whose placeholder stands for nothing is not there. The label by which an owner lets
   * the operator read it is not asked for: whoever has the files has read it.
   */
  secretData(namespace: string, name: string): Readonly<Record<string, string>> | undefined {
    const manifest = this.get({ kind: "Secret", namespace, name })?.manifest;
    if (!manifest) return undefined;
    const decoded = Object.entries(manifest.data ?? {}).map(
      ([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")] as const,
    );
    const filled = [...decoded, ...Object.entries(manifest.stringData ?? {})].flatMap(([key, value]) => {
      const found = this.#fillIn(String(value));
      return found === undefined ? [] : [[key, found] as const];
    });
    return Object.fromEntries(filled);
  }

  /** The variable that a Secret's key waits for; undefined where it has a value. */
  missingVariable(namespace: string, name: string): string | undefined {
    const { stringData = {} } = this.get({ kind: "Secret", namespace, name })?.manifest ?? {};
    for (const value of Object.values(stringData)) {
      const variable = SECRET_PLACEHOLDER.exec(String(value))?.[1];
      if (variable !== undefined && this.#variable(variable) === undefined) return variable;
    }
    return undefined;
  }

  #fillIn(value: string): string | undefined {
    const variable = SECRET_PLACEHOLDER.exec(value)?.[1];
    return variable === undefined ? value : this.#variable(variable);
  }

  #add(manifest: Manifest, namespace: string): void {
    const { apiVersion, kind, metadata, source } = manifest;
    const isOurs = apiVersion.startsWith(`${GROUP}/`);
    if (isOurs && apiVersion !== API_VERSION) {
      throw new FileError(`${source}: ${kind} ${metadata.name} is of ${apiVersion}; this version knows ${API_VERSION}`);
    }
    const isKnown = KONG_KINDS.some(({ definition }) => definition.kind === kind) || kind === "KongGateway";
    // Builds and where they run concern no gateway.
    const isElsewhere = !isKnown && KINDS.some((definition) => definition.kind === kind);
    if (isOurs && !isKnown && !isElsewhere)
      throw new FileError(`${source}: ${kind} ${metadata.name}: there is no such kind`);
    if (isElsewhere || (!isOurs && !(apiVersion === "v1" && (kind === "Secret" || kind === "Namespace")))) {
      this.others.set(kind, (this.others.get(kind) ?? 0) + 1);
      return;
    }
    const key = { kind, namespace: kind === "Namespace" ? "" : (metadata.namespace ?? namespace), name: metadata.name };
    const earlier = this.get(key);
    if (earlier) throw new FileError(`${source}: ${formatKey(key)} is in ${earlier.manifest.source} already`);
    this.#objects.set(formatKey(key), { key, manifest });
  }
}
