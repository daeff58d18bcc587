import { parseSpec } from "../api/parse.ts";
import { KongGateway, type KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { gatewaySettings } from "../controllers/gateway-settings.ts";
import { Gateways, type Gateway } from "../controllers/gateways.ts";
import { GatewayConnection, type GatewaySettings } from "../kong/gateway-connection.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { sleep } from "../runtime/backoff.ts";
import type { Logger } from "../runtime/logger.ts";
import type { ObjectSet } from "./object-set.ts";

/** How to reach a gateway that is given on the command line. */
export interface GivenGateway {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: GatewaySettings["tls"];
  readonly workspace?: string | undefined;
  /** Whether a gateway without a database may lose what somebody else gave it. */
  readonly replaceForeign?: boolean | undefined;
}

export interface OpenOptions {
  readonly set: ObjectSet;
  readonly given?: GivenGateway | undefined;
  /** Which KongGateway of the set; all where absent. */
  readonly only?: { readonly namespace: string; readonly name: string } | undefined;
  readonly instance?: string | undefined;
  /** What stands for a cluster's uid in the marks. */
  readonly cluster: string;
}

/** What is needed to do something at all is missing or wrong; the message says what. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const DEFAULT_CLUSTER = "kjo-sync";
export const DEFAULT_INSTANCE = "kjo-sync";
const NONE: ObjectKey = { kind: KongGateway.kind, namespace: "", name: "" };

export interface OpenGateways {
  /** The gateways of the set that answer. */
  readonly gateways: Gateways;
  readonly failed: readonly { readonly key: ObjectKey; readonly error: unknown }[];
  /** True where one gateway takes every object, whatever it names. */
  readonly isSingle: boolean;
  /**
   * Resolves with true when a gateway has said something of our objects since this was last called, and with false after
   * a time without.
   */
  news(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

interface Planned {
  readonly key: ObjectKey;
  readonly spec: KongGatewaySpec;
  readonly settings: GatewaySettings;
}

/**
 * Connects to the gateways that the objects are for, and learns what they hold.
 * @throws UsageError where none is named.
 */
export async function openGateways(options: OpenOptions): Promise<OpenGateways> {
  const failed: { key: ObjectKey; error: unknown }[] = [];
  const wanted = plannedGateways(options, failed);
  const gateways = new Gateways({
    exists: (key) => options.set.get(key) !== undefined,
    namespaceLabels: (namespace) => options.set.namespaceLabels(namespace),
    readsNamespaces: true,
  });
  const connections: GatewayConnection[] = [];
  const news = new News();
  await Promise.all(
    wanted.map(async ({ key, spec, settings }) => {
      const connection = connect(settings, options.cluster, () => news.tell());
      connections.push(connection);
      try {
        await started(connection);
        gateways.set({ key, spec, instance: settings.instance, workspace: settings.workspace, connection });
      } catch (error) {
        failed.push({ key, error });
      }
    }),
  );
  return {
    gateways,
    failed,
    isSingle: wanted[0]?.key === NONE,
    news: (timeoutMs) => news.next(timeoutMs),
    close: async () => void (await Promise.all(connections.map((connection) => connection.stop()))),
  };
}

function plannedGateways(
  { set, given, only, instance }: OpenOptions,
  failed: { key: ObjectKey; error: unknown }[],
): Planned[] {
  const objects = set
    .ofKind(KongGateway.kind)
    .filter(({ key }) => !only || (key.namespace === only.namespace && key.name === only.name));
  if (only && objects.length === 0) {
    throw new UsageError(`--gateway: KongGateway ${only.namespace}/${only.name} is not in the files`);
  }
  if (!given && objects.length === 0) {
    throw new UsageError("no KongGateway in the files: name a gateway with --kong URL");
  }
  if (given && objects.length > 1) {
    throw new UsageError(
      "several KongGateways in the files: say with --gateway NAMESPACE/NAME which of them --kong is",
    );
  }
  if (given && objects.length === 0) return [singleGateway(given, instance ?? DEFAULT_INSTANCE)];
  return objects.flatMap(({ key, manifest }) => {
    try {
      const spec = parseSpec(KongGateway, manifest);
      return [plannedGateway(key, instance === undefined ? spec : { ...spec, instance }, set, given)];
    } catch (error) {
      failed.push({ key, error });
      return [];
    }
  });
}

function plannedGateway(
  key: ObjectKey,
  spec: KongGatewaySpec,
  set: ObjectSet,
  given: GivenGateway | undefined,
): Planned {
  if (!given) return { key, spec, settings: gatewaySettings(key, spec, (name) => set.secretData(key.namespace, name)) };
  // Given on the command line, it is reached as the command line says: the Secrets of the files are for the cluster.
  const { workspace = given.workspace, timeoutMs, concurrency } = spec.adminApi;
  const reached = {
    ...spec,
    adminApi: { url: given.url, timeoutMs, concurrency, ...(workspace ? { workspace } : {}) },
  };
  return {
    key,
    spec,
    settings: withGiven(
      gatewaySettings(key, reached, () => undefined),
      given,
    ),
  };
}

function singleGateway(given: GivenGateway, instance: string): Planned {
  const { url, workspace } = given;
  const object = {
    metadata: { name: "the command line" },
    spec: {
      adminApi: { url, ...(workspace ? { workspace } : {}) },
      instance,
      allowedNamespaces: { from: "All" },
      dbless: { replaceForeign: given.replaceForeign === true },
    },
  };
  const spec = parseSpec(KongGateway, object);
  return {
    key: NONE,
    spec,
    settings: withGiven(
      gatewaySettings(NONE, spec, () => undefined),
      given,
    ),
  };
}

function withGiven(settings: GatewaySettings, { headers, tls }: GivenGateway): GatewaySettings {
  return { ...settings, headers: { ...settings.headers, ...headers }, ...(tls ? { tls } : {}) };
}

function connect(settings: GatewaySettings, cluster: string, onOwnersChanged: () => void): GatewayConnection {
  const nothing = (): void => {};
  return new GatewayConnection({
    settings,
    cluster,
    logger: SILENT,
    now: () => new Date(),
    onStateChange: nothing,
    onOwnersChanged,
  });
}

/** A bell that remembers that it has rung. */
class News {
  #hasRung = false;
  #wake = (): void => {};

  tell(): void {
    this.#hasRung = true;
    this.#wake();
  }

  async next(timeoutMs: number): Promise<boolean> {
    if (!this.#hasRung) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await sleep(timeoutMs, woken.signal);
    }
    const hasRung = this.#hasRung;
    this.#hasRung = false;
    return hasRung;
  }
}

/** Commands say what they do by themselves. */
const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => SILENT };

/** Resolves when all that is ours there is known. */
async function started(connection: GatewayConnection): Promise<void> {
  const checked = connection.refresh();
  connection.start(new AbortController().signal);
  await checked;
}

/** What a gateway is called in messages. */
export function nameOfGateway({ key, spec }: Pick<Gateway, "key" | "spec">): string {
  return key === NONE ? (spec.adminApi.url ?? "") : `KongGateway ${key.namespace}/${key.name}`;
}
