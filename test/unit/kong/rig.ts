import {
  GatewayConnection,
  type GatewaySettings,
  type OwnersChangedReason,
} from "../../../src/kong/gateway-connection.ts";
import type { GatewayState } from "../../../src/kong/gateway-state.ts";
import {
  httpTransport,
  TransportError,
  type AdminTransport,
  type TransportFailure,
  type TransportRequest,
  type TransportResponse,
} from "../../../src/kong/transport.ts";
import { entityId, ownershipTags } from "../../../src/model/identity.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { KongEntity, KongEntityType } from "../../../src/model/kong-entity.ts";
import { formatKey, type ObjectKey } from "../../../src/model/object-key.ts";
import type { Logger } from "../../../src/runtime/logger.ts";
import { startKongDouble, type KongDouble, type KongDoubleOptions } from "../../doubles/kong/double.ts";

export const CLUSTER = "6f2c0f6e-0000-4000-8000-000000000001";
export const INSTANCE = "team-a.default";

/**
 * What becomes of a request: it goes wrong in this way; it is carried out, and only then goes wrong; another one is
 * carried out instead; it is answered so.
 */
export type Fault =
  | TransportFailure
  | { readonly afterwards: TransportFailure }
  | { readonly instead: TransportRequest }
  | Partial<TransportResponse>;

/** A gateway double and connections to it, whose requests can be made to fail. */
export class Rig {
  readonly double: KongDouble;
  readonly owners: { readonly why: OwnersChangedReason; readonly keys: readonly string[] }[] = [];
  readonly states: GatewayState[] = [];
  readonly logged: { readonly message: string; readonly fields: unknown }[] = [];
  /** Requests on their way at this moment, and the most there have been. */
  inFlight = { now: 0, most: 0 };
  /** Decides over each request; undefined lets it pass. */
  fault: (request: TransportRequest) => Fault | undefined = () => undefined;
  /** Holds a request back until the promise resolves. */
  hold: (request: TransportRequest) => Promise<void> | undefined = () => undefined;
  readonly #connections: GatewayConnection[] = [];

  private constructor(double: KongDouble) {
    this.double = double;
  }

  static async start(options: KongDoubleOptions = {}): Promise<Rig> {
    return new Rig(await startKongDouble(options));
  }

  get settings(): GatewaySettings {
    return {
      url: this.double.adminUrl,
      headers: {},
      workspace: "",
      timeoutMs: 2000,
      concurrency: 16,
      instance: INSTANCE,
      driftIntervalMs: 3_600_000,
      driftPolicy: "Repair",
    };
  }

  /** A connection that is on its way; see {@link ready}. */
  connect(
    overrides: Partial<GatewaySettings> = {},
    options: { cluster?: string; loadedHash?: string } = {},
  ): GatewayConnection {
    const connection = new GatewayConnection({
      settings: { ...this.settings, ...overrides },
      cluster: options.cluster ?? CLUSTER,
      logger: this.#logger(),
      now: () => new Date(),
      ...(options.loadedHash === undefined ? {} : { loadedHash: options.loadedHash }),
      onStateChange: (state) => this.states.push(state),
      onOwnersChanged: (owners, why) => this.owners.push({ why, keys: owners.map(formatKey) }),
      transport: (settings) => this.#transport(settings),
      retry: { baseMs: 5, maxMs: 20, recheckMs: 20 },
    });
    this.#connections.push(connection);
    connection.start(new AbortController().signal);
    return connection;
  }

  /** A connection that has its mirror. */
  async connectAndWait(
    overrides: Partial<GatewaySettings> = {},
    options: { cluster?: string; loadedHash?: string } = {},
  ): Promise<GatewayConnection> {
    const connection = this.connect(overrides, options);
    await until(() => connection.state.phase === "Ready");
    return connection;
  }

  /** Like {@link connectAndWait}; the counts of the double begin anew. */
  async ready(overrides: Partial<GatewaySettings> = {}): Promise<GatewayConnection> {
    const connection = await this.connectAndWait(overrides);
    this.double.resetCounts();
    return connection;
  }

  get writes(): number {
    return this.double.count("writes");
  }

  get reads(): number {
    return this.double.count("reads");
  }

  /** A request as another client of the gateway would make it. */
  async admin(method: string, path: string, body?: JsonObject): Promise<{ status: number; body: JsonObject }> {
    const response = await fetch(this.double.adminUrl + path, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as JsonObject) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.stop()));
    await this.double.stop();
  }

  #transport(settings: GatewaySettings): AdminTransport {
    const real = httpTransport(settings);
    return {
      send: async (request) => {
        this.inFlight.now++;
        this.inFlight.most = Math.max(this.inFlight.most, this.inFlight.now);
        try {
          return await this.#send(real, request);
        } finally {
          this.inFlight.now--;
        }
      },
      close: () => real.close(),
    };
  }

  async #send(real: AdminTransport, request: TransportRequest): Promise<TransportResponse> {
    await this.hold(request);
    const fault = this.fault(request);
    if (fault === undefined) return real.send(request);
    if (typeof fault === "string") throw new TransportError(fault, `made to fail: ${fault}`);
    if ("instead" in fault) return real.send(fault.instead);
    if ("afterwards" in fault) {
      await real.send(request);
      throw new TransportError(fault.afterwards, `made to fail afterwards: ${fault.afterwards}`);
    }
    return { status: 500, contentType: "application/json", retryAfter: undefined, body: "{}", ...fault };
  }

  #logger(): Logger {
    const add = (message: string, fields?: unknown): void => void this.logged.push({ message, fields });
    const logger: Logger = { debug: add, info: add, warn: add, error: add, child: () => logger };
    return logger;
  }
}

export function keyOf(kind: string, name: string, namespace = "team-a"): ObjectKey {
  return { kind, namespace, name };
}

/** One desired entity of an object, with our marks. */
export function entity(
  owner: ObjectKey,
  type: KongEntityType,
  fields: JsonObject,
  options: { part?: string; cluster?: string; tags?: string[]; id?: string } = {},
): KongEntity {
  const { part = "", cluster = CLUSTER, tags = [], id } = options;
  return {
    type,
    id: id ?? entityId({ instance: INSTANCE, workspace: "" }, type, owner, part),
    fields: { ...fields, tags: [...ownershipTags({ instance: INSTANCE, cluster }, owner, part), ...tags] },
    owner,
    part,
  };
}

/** A KongService's only entity. */
export function service(name: string, fields: JsonObject = {}): KongEntity {
  return entity(keyOf("KongService", name), "services", { name: `team-a.${name}`, host: `${name}.test`, ...fields });
}

/** A KongRoute's only entity, on a service by its id. */
export function route(name: string, serviceId: string, fields: JsonObject = {}): KongEntity {
  const own = { name: `team-a.${name}`, paths: [`/${name}`], service: { id: serviceId }, ...fields };
  return entity(keyOf("KongRoute", name), "routes", own);
}

/** Waits for what has no event. @throws Error after two seconds. */
export async function until(holds: () => boolean): Promise<void> {
  // Well past the 2 s of a request's own timeout, which a busy machine may reach once.
  const deadline = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`still not: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
