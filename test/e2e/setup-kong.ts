import { Agent, request } from "undici";
import type { Echo } from "../dev/backend.ts";
import { startKongDouble } from "../doubles/kong/double.ts";
import { editConfiguration } from "./setup-declarative.ts";
import { TAG_INSTANCE } from "../../src/model/identity.ts";

export interface KongEntityFields {
  readonly id: string;
  readonly tags?: readonly string[] | null;
  readonly [field: string]: unknown;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface ProxyRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** True where the suite runs against gateways without a database. */
export function isDbless(env: NodeJS.ProcessEnv): boolean {
  return env["KJO_E2E_DBLESS"] === "1";
}

/** Collections of the Admin API, in an order in which they can be deleted. */
export const COLLECTIONS = [
  "plugins",
  "routes",
  "services",
  "acls",
  "key-auths",
  "jwts",
  "basic-auths",
  "hmac-auths",
  "oauth2",
  "consumers",
  "upstreams",
  "snis",
  "certificates",
  "ca_certificates",
  "vaults",
] as const;

/** The Kong that the suite runs against, as seen by a person with curl: its Admin API past the operator, and its proxy. */
export class Kong {
  readonly adminUrl: string;
  readonly proxyUrl: string;
  /** The proxy over TLS; undefined where a real Kong's is not named. */
  readonly proxyTlsUrl: string | undefined;
  readonly isReal: boolean;
  readonly #agent = new Agent({ connections: 16, keepAliveTimeout: 5_000 });
  readonly #stop: () => Promise<void>;

  private constructor(
    urls: { adminUrl: string; proxyUrl: string; proxyTlsUrl?: string | undefined },
    isReal: boolean,
    stop: () => Promise<void>,
  ) {
    this.adminUrl = urls.adminUrl.replace(/\/+$/, "");
    this.proxyUrl = urls.proxyUrl.replace(/\/+$/, "");
    this.proxyTlsUrl = urls.proxyTlsUrl;
    this.isReal = isReal;
    this.#stop = stop;
  }

  /** The one of KONG_ADMIN_URL and KONG_PROXY_URL, else the double; KJO_E2E_DOUBLE=lag makes that as slow as a real one. */
  static async open(env: NodeJS.ProcessEnv): Promise<Kong> {
    const { KONG_ADMIN_URL: adminUrl, KONG_PROXY_URL: proxyUrl, KONG_PROXY_TLS_URL: proxyTlsUrl } = env;
    if ((adminUrl === undefined) !== (proxyUrl === undefined)) {
      throw new Error("KONG_ADMIN_URL and KONG_PROXY_URL go together: the Admin API and the proxy of one Kong");
    }
    if (adminUrl && proxyUrl) return new Kong({ adminUrl, proxyUrl, proxyTlsUrl }, true, () => Promise.resolve());
    const lag = env["KJO_E2E_DOUBLE"] === "lag" ? ({ lag: true, pace: "kong" } as const) : {};
    const double = await startKongDouble({ ...lag, dbless: isDbless(env) });
    return new Kong(double, false, () => double.stop());
  }

  async close(): Promise<void> {
    await this.#agent.close();
    await this.#stop();
  }

  /**
   * A request to the Admin API. Without a database an entity is changed by loading a changed configuration.
   * @throws Error for an answer of 400 or more.
   */
  async admin<T = KongEntityFields>(method: string, path: string, body?: unknown): Promise<T> {
    if (isDbless(process.env) && method !== "GET" && path !== "/config") return this.#load(method, path, body) as T;
    const { status, text } = await this.tryAdmin(method, path, body);
    if (status >= 400) throw new Error(`${method} ${path}: HTTP ${status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Takes away whatever a gateway without a database holds. */
  async empty(): Promise<void> {
    await this.admin("POST", "/config", { _format_version: "3.0" });
  }

  async #load(method: string, path: string, body: unknown): Promise<unknown> {
    const { config } = await this.admin<{ config: string }>("GET", "/config");
    const edited = editConfiguration(config, method, path, body as Record<string, unknown> | undefined);
    await this.admin("POST", "/config", edited.document);
    return edited.path === undefined ? undefined : this.admin("GET", edited.path);
  }

  tryAdmin(method: string, path: string, body?: unknown): Promise<Reply> {
    return this.#send(this.adminUrl + path, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
  }

  /** What has this name or id; undefined where nothing has. */
  async find(collection: string, name: string): Promise<KongEntityFields | undefined> {
    const { status, text } = await this.tryAdmin("GET", `/${collection}/${encodeURIComponent(name)}`);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${collection}/${name}: HTTP ${status} ${text}`);
    return JSON.parse(text) as KongEntityFields;
  }

  /** All pages of a collection, `/services`, perhaps with a query. */
  async list(path: string): Promise<KongEntityFields[]> {
    const found: KongEntityFields[] = [];
    let next: string | null = `${path}${path.includes("?") ? "&" : "?"}size=1000`;
    while (next) {
      const page: { data: KongEntityFields[]; next: string | null } = await this.admin("GET", next);
      // An empty table sometimes comes as {}.
      found.push(...Object.values(page.data));
      next = page.next;
    }
    return found;
  }

  /** What carries the operator's tag of this instance, `routes/shop.users`. */
  async ownedBy(instance: string): Promise<string[]> {
    const query = `?tags=${encodeURIComponent(TAG_INSTANCE + instance)}`;
    const lists = await Promise.all(
      COLLECTIONS.map(async (collection) =>
        (await this.list(`/${collection}${query}`)).map((entity) => `${collection}/${labelOf(entity)}`),
      ),
    );
    return lists.flat();
  }

  /** A request through the proxy. */
  get(path: string, { method = "GET", headers = {} }: ProxyRequest = {}): Promise<Reply> {
    return this.#send(this.proxyUrl + path, { method, headers });
  }

  async #send(
    url: string,
    options: { method: string; headers?: Readonly<Record<string, string>>; body?: string },
  ): Promise<Reply> {
    const { method, ...rest } = options;
    const answer = await request(url, { method: method as "GET", dispatcher: this.#agent, ...rest });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }
}

/** What the backend says that it was asked. @throws Error for an answer of somebody else. */
export function echoOf({ status, text }: Reply): Echo {
  if (status !== 200) throw new Error(`not served: HTTP ${status} ${text}`);
  return JSON.parse(text) as Echo;
}

function labelOf(entity: KongEntityFields): string {
  const label = entity["name"] ?? entity["username"] ?? entity["group"];
  return typeof label === "string" ? label : entity.id;
}
