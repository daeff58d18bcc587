import type { OperatorError } from "../../errors.ts";
import type { FieldChange } from "../../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import type { MirrorEntry } from "../mirror-entry.ts";
import type { Candidate, Setback } from "./consistency.ts";
import type { DocumentEntity } from "./document.ts";

/** What one object asks for and the gateway does not have yet. */
export interface Change {
  readonly owner: ObjectKey;
  /** All of the object's entities, its main one first; none where it goes. */
  readonly entities: readonly DocumentEntity[];
  readonly createdAt: string;
  /** What somebody else did and this undoes. */
  readonly drifted: readonly FieldChange[];
}

/** How long Kong's refusal of one version of an entity is believed; later it may have another plugin, another name free. */
const REFUSAL_LASTS_MS = 300_000;

/** What the objects ask for beyond what is loaded, and what became of it so far. */
export class Changes {
  readonly #changes = new Map<string, Change>();
  /** By id: what of the last document could not go in as it was asked for. */
  #setbacks: ReadonlyMap<string, Setback> = new Map();
  /** What Kong refused, by id and version. */
  readonly #refusals = new Map<string, { readonly error: OperatorError; readonly at: number }>();

  /** Replaces what the object asked for before. @returns whether that was something else. */
  record(change: Change): boolean {
    const key = formatKey(change.owner);
    const before = this.#changes.get(key);
    const drifted = change.drifted.length > 0 ? change.drifted : (before?.drifted ?? []);
    this.#changes.set(key, { ...change, drifted });
    return !before || versionsOf(before) !== versionsOf(change);
  }

  get(owner: ObjectKey): Change | undefined {
    return this.#changes.get(formatKey(owner));
  }

  drop(owner: ObjectKey): void {
    this.#changes.delete(formatKey(owner));
  }

  all(): Change[] {
    return [...this.#changes.values()];
  }

  clear(): void {
    this.#changes.clear();
    this.#refusals.clear();
    this.#setbacks = new Map();
  }

  noteRefusal({ id, version }: DocumentEntity, error: OperatorError): void {
    this.#refusals.set(`${id} ${version}`, { error, at: performance.now() });
  }

  refusalOf({ id, version }: Pick<DocumentEntity, "id" | "version">): OperatorError | undefined {
    const refusal = this.#refusals.get(`${id} ${version}`);
    if (!refusal) return undefined;
    if (performance.now() - refusal.at < REFUSAL_LASTS_MS) return refusal.error;
    this.#refusals.delete(`${id} ${version}`);
    return undefined;
  }

  noteSetbacks(setbacks: ReadonlyMap<string, Setback>): void {
    this.#setbacks = setbacks;
  }

  /** Why this version of an entity is not loaded, as far as has been tried. */
  setbackOf(entity: Pick<DocumentEntity, "id" | "version">): OperatorError | undefined {
    const setback = this.#setbacks.get(entity.id);
    return setback?.entity.version === entity.version ? setback.error : undefined;
  }
}

function versionsOf({ entities }: Change): string {
  return entities.map(({ id, version }) => `${id} ${version}`).join();
}

/**
 * What may stand in the next document, by id: what is loaded, changed as the objects ask.
 * @param left entities that belong to no object.
 */
export function candidatesOf(
  loaded: Iterable<MirrorEntry>,
  changes: readonly Change[],
  left: Iterable<DocumentEntity>,
  asLoaded: (entry: MirrorEntry) => DocumentEntity,
): Map<string, Candidate> {
  const changing = new Set(changes.map(({ owner }) => formatKey(owner)));
  const candidates = new Map<string, Candidate>();
  for (const entry of loaded) {
    const entity = asLoaded(entry);
    const wanted = changing.has(formatKey(entry.owner)) ? undefined : entity;
    candidates.set(entry.id, { wanted, loaded: entity, createdAt: "" });
  }
  for (const { entities, createdAt } of changes) {
    for (const wanted of entities) {
      candidates.set(wanted.id, { wanted, loaded: candidates.get(wanted.id)?.loaded, createdAt });
    }
  }
  for (const wanted of left) {
    candidates.set(wanted.id, { wanted, loaded: candidates.get(wanted.id)?.loaded ?? wanted, createdAt: "" });
  }
  return candidates;
}
