import type { ObjectKey } from "../model/object-key.ts";
import { collectionPath } from "./entity-paths.ts";
import { listAll } from "./lister.ts";
import { readEntity, type ReadEntity } from "./mirror-entry.ts";
import type { RequestGate, Urgency } from "./request-gate.ts";
import type { AdminClient } from "./admin-client.ts";
import type { Mirror } from "./mirror.ts";

export interface TargetListsOptions {
  readonly client: () => AdminClient;
  readonly gate: RequestGate;
  readonly mirror: Mirror;
  /** Whether an entity under our tags is one of ours. */
  readonly accept: (entity: ReadEntity) => boolean;
  /** Targets that differ from what was known belong to these objects. */
  readonly onChanged: (owners: ObjectKey[]) => void;
}

/**
 * The targets of our upstreams, which Kong lists one upstream at a time.
 *
 * Guarantee: what is written to an upstream waits for its own list and for no other.
 */
export class TargetLists {
  readonly #options: TargetListsOptions;
  readonly #known = new Set<string>();
  readonly #loading = new Map<string, Promise<void>>();

  constructor(options: TargetListsOptions) {
    this.#options = options;
  }

  /** True where the upstream's targets in the mirror are all there are of ours. */
  isKnown(upstreamId: string): boolean {
    return this.#known.has(upstreamId);
  }

  /** The upstream has just been created: it has no targets. */
  noteEmpty(upstreamId: string): void {
    this.#known.add(upstreamId);
  }

  /** A write to the upstream's targets went astray: only a new list tells what there is. */
  forget(upstreamId: string): void {
    this.#known.delete(upstreamId);
  }

  forgetAll(): void {
    this.#known.clear();
  }

  /**
   * Waits until the upstream's targets are known, listing them now where they are not.
   * @throws KongUnavailableError, GatewayAuthError
   */
  async ensure(upstreamId: string): Promise<void> {
    if (!this.#known.has(upstreamId)) await this.#load(upstreamId, "soon");
  }

  /**
   * Lists the targets of all our upstreams anew, in the background of everything else.
   * @throws KongUnavailableError, GatewayAuthError of the first list that failed.
   */
  async refresh(): Promise<void> {
    const { mirror, gate } = this.#options;
    const upstreams = [...mirror.ofType("upstreams")].map(({ id }) => id);
    const gone = [...this.#known].filter((id) => !mirror.get("upstreams", id));
    for (const id of gone) this.#known.delete(id);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let id = upstreams[next++]; id !== undefined; id = upstreams[next++]) {
        if (mirror.get("upstreams", id)) await this.#load(id, "read");
      }
    };
    await Promise.all(Array.from({ length: Math.min(gate.limit, upstreams.length) }, work));
  }

  #load(upstreamId: string, urgency: Urgency): Promise<void> {
    const underWay = this.#loading.get(upstreamId);
    if (underWay) return underWay;
    const loading = this.#list(upstreamId, urgency).finally(() => this.#loading.delete(upstreamId));
    this.#loading.set(upstreamId, loading);
    return loading;
  }

  async #list(upstreamId: string, urgency: Urgency): Promise<void> {
    const { client, gate, mirror, accept, onChanged } = this.#options;
    const startedAt = mirror.tick();
    const listed: ReadEntity[] = [];
    await listAll({ client: client(), gate, urgency }, collectionPath("targets", upstreamId), "targets", (raw) => {
      const entity = readEntity("targets", raw, mirror.tags);
      if (entity && accept(entity)) listed.push(entity);
    });
    const isFirst = !this.#known.has(upstreamId);
    const changed = mirror.applyList("targets", listed, startedAt, () => mirror.targetsOf(upstreamId));
    this.#known.add(upstreamId);
    if (!isFirst && changed.length > 0) onChanged(changed);
  }
}
