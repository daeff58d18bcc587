import type { Kong, KongEntityFields } from "./setup-kong.ts";
import { RUN, RUN_TAG } from "./setup-run.ts";

/**
 * What somebody else had in Kong before us, made by plain Admin API: it has to be the same, timestamps included, after all
 * the operator did.
 */
export class ForeignEntities {
  readonly #kong: Kong;
  readonly #before: ReadonlyMap<string, KongEntityFields>;

  private constructor(kong: Kong, before: ReadonlyMap<string, KongEntityFields>) {
    this.#kong = kong;
    this.#before = before;
  }

  /** Nobody else has anything at a gateway without a database. */
  static none(kong: Kong): ForeignEntities {
    return new ForeignEntities(kong, new Map());
  }

  static async make(kong: Kong): Promise<ForeignEntities> {
    const name = `${RUN}-foreign`;
    const tags = [RUN_TAG, "team-x"];
    const post = (path: string, body: object): Promise<KongEntityFields> => kong.admin("POST", path, { ...body, tags });
    const service = await post("/services", { name, host: "foreign.invalid" });
    const route = await post("/routes", { name, paths: [`/${name}`], service: { id: service.id } });
    const plugin = await post("/plugins", { name: "key-auth", service: { id: service.id } });
    const consumer = await post("/consumers", { username: name });
    const credential = await post(`/consumers/${consumer.id}/key-auth`, { key: name });
    const upstream = await post("/upstreams", { name });
    await post(`/upstreams/${upstream.id}/targets`, { target: "foreign.invalid:80" });
    const paths = [
      `/services/${service.id}`,
      `/routes/${route.id}`,
      `/plugins/${plugin.id}`,
      `/consumers/${consumer.id}`,
      `/consumers/${consumer.id}/key-auth/${credential.id}`,
      `/upstreams/${upstream.id}`,
      `/upstreams/${upstream.id}/targets`,
    ];
    const entries = await Promise.all(paths.map(async (path) => [path, await kong.admin("GET", path)] as const));
    return new ForeignEntities(kong, new Map(entries));
  }

  get before(): Readonly<Record<string, KongEntityFields>> {
    return Object.fromEntries(this.#before);
  }

  /** The same paths as they are now; what is gone is null. */
  async now(): Promise<Readonly<Record<string, KongEntityFields | null>>> {
    const entries = await Promise.all(
      [...this.#before.keys()].map(async (path) => {
        const { status, text } = await this.#kong.tryAdmin("GET", path);
        return [path, status === 200 ? (JSON.parse(text) as KongEntityFields) : null] as const;
      }),
    );
    return Object.fromEntries(entries);
  }
}
