import { parseSpec } from "../api/parse.ts";
import { gatewayCandidates, type GatewayRefFields } from "../controllers/gateway-ref.ts";
import type { Gateway } from "../controllers/gateways.ts";
import { KongRejectedError, OperatorError, PendingError, RefNotFoundError } from "../errors.ts";
import type { PlannedChange, ShownChange } from "../kong/gateway-connection.ts";
import type { KongEntity, KongEntityType } from "../model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { References } from "../translate/translation.ts";
import type { OpenGateways } from "./gateways.ts";
import type { KongSetObject, ObjectSet } from "./object-set.ts";
import { offlineContext, type Identity } from "./offline-context.ts";

/** One write, made or to be made. */
export interface Change {
  readonly action: PlannedChange["action"];
  readonly type: KongEntityType;
  readonly id: string;
  /** Name in Kong, or what tells it apart within its object. */
  readonly name: string;
  /** `KongRoute/team-a/users`. */
  readonly object: string;
  readonly fields: readonly ShownChange[];
}

/** An object that was not brought to its gateway. */
export interface SetFailure {
  readonly object: string;
  readonly source: string;
  readonly reason: string;
  readonly message: string;
}

export interface SetResult {
  readonly changes: readonly Change[];
  readonly failures: readonly SetFailure[];
  /** What is worth saying and is no failure. */
  readonly notes: readonly string[];
  readonly objects: number;
}

export interface RunOptions {
  readonly set: ObjectSet;
  readonly open: OpenGateways;
  readonly cluster: string;
  /** Namespace whose KongGateway `default` is everyone's. */
  readonly operatorNamespace: string;
  /** False only looks. */
  readonly write: boolean;
  readonly prune: boolean;
  readonly onProgress?: (done: number, all: number) => void;
}

/** Objects that are dealt with at the same time; the gateway's own limit holds below that. */
const AT_ONCE = 32;
/** A gateway that says nothing for so long has not taken it. */
const ANSWER_TIMEOUT_MS = 30_000;
const UNANSWERED = {
  reason: "NotAnswered",
  message: "the gateway has not said in time whether it took the configuration",
};

/**
 * The flow of the operator over a set of objects, kind by kind in the order of creation: parse, translate, plan, and where
 * asked for apply. What fails concerns its own object, and those that refer to it.
 */
export async function runSet(options: RunOptions): Promise<SetResult> {
  const run = new SetRun(options);
  const levels = options.set.kongObjects();
  await run.all(levels.flat(), levels);
  await run.settle(levels);
  if (options.prune) {
    const pruned = await run.prune();
    // A name may have been held by what is gone now.
    if (pruned && options.write) await run.retry(levels);
    await run.settle(levels);
  }
  return run.result(levels.flat().length);
}

class SetRun {
  readonly #options: RunOptions;
  readonly #changes: Change[] = [];
  readonly #failures = new Map<string, SetFailure>();
  readonly #notes: string[] = [];
  /** Ids that entities have or are about to get, by owner, type and part. */
  readonly #ids = new Map<string, string>();
  /** Objects that have been handed over, with the file that they stand in. */
  readonly #pending = new Map<string, string>();
  /** What a gateway without a database is about to take, by object: it does not say itself what it changed. */
  readonly #handedOver = new Map<string, readonly PlannedChange[]>();
  #done = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    for (const { key, error } of options.open.failed) {
      const source = options.set.get(key)?.manifest.source ?? "the command line";
      this.#failures.set(formatKey(key), { object: formatKey(key), source, ...explain(error) });
    }
  }

  async all(objects: readonly KongSetObject[], levels: readonly (readonly KongSetObject[])[]): Promise<void> {
    for (const level of levels) {
      await eachOf(level, async (object) => {
        await this.#object(object);
        this.#options.onProgress?.(++this.#done, objects.length);
      });
    }
  }

  /** A gateway without a database takes everything at once, and then says of each object what came of it. */
  async settle(levels: readonly (readonly KongSetObject[])[]): Promise<void> {
    while (this.#pending.size > 0) {
      const isTold = await this.#options.open.news(ANSWER_TIMEOUT_MS);
      if (!isTold) {
        for (const [object, source] of this.#pending) this.#failures.set(object, { object, source, ...UNANSWERED });
        this.#pending.clear();
      }
      for (const level of levels)
        await eachOf(
          level.filter(({ key }) => this.#pending.has(formatKey(key))),
          (object) => this.#object(object),
        );
    }
  }

  async retry(levels: readonly (readonly KongSetObject[])[]): Promise<void> {
    const failed = levels.map((level) => level.filter(({ key }) => this.#failures.has(formatKey(key))));
    for (const { key } of failed.flat()) this.#failures.delete(formatKey(key));
    this.#done = 0;
    await this.all(failed.flat(), failed);
  }

  /** Removes, or names, what carries our marks and is described by no object. */
  async prune(): Promise<boolean> {
    const { open, set, write } = this.#options;
    const isKnown = (owner: ObjectKey): boolean => set.get(owner) !== undefined;
    let any = false;
    for (const gateway of open.gateways.all()) {
      if (!write) {
        for (const entity of gateway.connection.orphans({ known: isKnown, watches: () => true }))
          this.#note({ action: "delete", entity, fields: [] });
        continue;
      }
      const policy = { policy: "Delete", maxPercent: 100 } as const;
      const outcome = await gateway.connection.prune({ known: isKnown, watches: () => true, ...policy });
      for (const { entity } of outcome.deleted) this.#note({ action: "delete", entity, fields: [] });
      for (const error of outcome.blocked) this.#notes.push(`not removed: ${error.message}`);
      any ||= outcome.deleted.length > 0;
    }
    return any;
  }

  result(objects: number): SetResult {
    return { changes: this.#changes, failures: [...this.#failures.values()], notes: this.#notes, objects };
  }

  async #object(object: KongSetObject): Promise<void> {
    const { key, manifest } = object;
    try {
      const gateway = this.#gatewayOf(object);
      if (gateway) await this.#program(object, gateway);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      if (error instanceof PendingError) {
        this.#pending.set(formatKey(key), manifest.source);
        return;
      }
      this.#pending.delete(formatKey(key));
      this.#failures.set(formatKey(key), { object: formatKey(key), source: manifest.source, ...explain(error) });
    }
  }

  async #program({ key, kind, manifest }: KongSetObject, gateway: Gateway): Promise<void> {
    const spec = parseSpec(kind.definition, manifest);
    const { adopt } = spec as { readonly adopt?: { readonly mode: "match" | "override"; readonly id?: string } };
    const context = offlineContext(key, {
      set: this.#options.set,
      identity: identityOf(gateway, this.#options.cluster),
      idOf: (owner, type, part) =>
        this.#ids.get(idKey(gateway, owner, type, part)) ?? gateway.connection.idOf(owner, type, part),
      hasFailed: (owner) => this.#failures.has(formatKey(owner)),
    });
    requireNoCluster(kind.translation.references(key.namespace, spec));
    const desired = kind.translation.translate(spec, context);
    if (!this.#options.write) {
      const { changes, unknownFields } = await gateway.connection.plan(key, desired, adopt);
      for (const change of changes) {
        if (change.action !== "delete") this.#remember(gateway, change.entity);
        this.#note(change);
      }
      this.#noteUnknown(key, unknownFields);
      return;
    }
    const name = formatKey(key);
    if (gateway.connection.state.info?.database === "off" && !this.#handedOver.has(name))
      this.#handedOver.set(name, (await gateway.connection.plan(key, desired, adopt)).changes);
    const outcome = await gateway.connection.sync(key, desired, adopt ? { adopt } : {});
    this.#pending.delete(name);
    for (const change of this.#handedOver.get(name) ?? []) this.#note(change);
    this.#handedOver.set(name, []);
    for (const { action, entity, changes } of outcome.operations)
      this.#note({ action, entity, fields: changes.map(({ path }) => ({ path, isSecret: true })) });
    this.#noteUnknown(key, outcome.unknownFields);
  }

  /** Undefined where the object is for a gateway that was not asked for. */
  #gatewayOf({ key, manifest }: KongSetObject): Gateway | undefined {
    const { open, operatorNamespace } = this.#options;
    const [single] = open.gateways.all();
    if (open.isSingle) return single;
    const spec = manifest.spec as { readonly gatewayRef?: GatewayRefFields } | undefined;
    const candidates = gatewayCandidates(key.namespace, spec?.gatewayRef, operatorNamespace);
    const chosen = open.gateways.choose(candidates);
    if (chosen && this.#failures.has(formatKey(chosen))) return undefined;
    if (chosen && !open.gateways.get(chosen)) {
      this.#notes.push(`${formatKey(key)} is for KongGateway ${chosen.namespace}/${chosen.name}, and was left alone`);
      return undefined;
    }
    return open.gateways.resolve(key.namespace, candidates);
  }

  #remember(gateway: Gateway, { owner, type, part, id }: KongEntity): void {
    this.#ids.set(idKey(gateway, owner, type, part), id);
  }

  #note({ action, entity, fields }: PlannedChange): void {
    const { type, id, owner } = entity;
    this.#changes.push({ action, type, id, name: nameOf(entity), object: formatKey(owner), fields });
  }

  #noteUnknown(key: ObjectKey, fields: readonly string[]): void {
    if (fields.length > 0)
      this.#notes.push(`${formatKey(key)}: the gateway does not know ${fields.join(", ")}: not sent`);
  }
}

/**
 * Who is behind a Kubernetes Service only the cluster knows, and who is behind a Consul's changes all the time.
 * @throws RefNotFoundError
 */
export function requireNoCluster({ services = [], consuls = [] }: References): void {
  const [first] = [...services, ...consuls];
  if (!first) return;
  throw new RefNotFoundError(
    "ClusterNeeded",
    `${first.field}: its servers are found by the operator in the cluster, and not by a command; leave the object to it, or write targets`,
  );
}

/** Types whose names are secrets themselves are told by their part, which is made of the object's own words. */
function nameOf({ type, fields, part, id }: Pick<KongEntity, "type" | "fields" | "part" | "id">): string {
  if (type === "plugins") return `${String(fields["name"])} (${part})`;
  const name = part === "" ? (fields["name"] ?? fields["username"] ?? fields["prefix"]) : part;
  return typeof name === "string" ? name : id;
}

export function identityOf({ key, instance, workspace, spec }: Gateway, cluster: string): Identity {
  const namespace = key.namespace === "" ? undefined : key.namespace;
  return { instance, workspace, cluster, namespace, naming: spec.naming ?? "Namespaced" };
}

function idKey({ key }: Gateway, owner: ObjectKey, type: KongEntityType, part: string): string {
  return [formatKey(key), formatKey(owner), type, part].join(" ");
}

/** Reason and message of an error; what Kong said of each field goes along, redacted already. */
export function explain(error: unknown): { reason: string; message: string } {
  if (!(error instanceof Error)) return { reason: "Failed", message: String(error) };
  const reason = "reason" in error && typeof error.reason === "string" ? error.reason : "Failed";
  const fields = error instanceof KongRejectedError ? Object.keys(error.fields) : [];
  const shown = error instanceof KongRejectedError && fields.length > 0 ? ` ${JSON.stringify(error.fields)}` : "";
  return { reason, message: error.message + (error.message.includes(shown) ? "" : shown) };
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
