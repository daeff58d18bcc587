import type { JsonObject } from "../../../../../src/model/json.ts";
import type { ProxyPlugin } from "../exchange.ts";
import { recordOf, textOf } from "../json-fields.ts";
import { acl } from "./acl.ts";
import { basicAuth } from "./basic-auth.ts";
import { botDetection } from "./bot-detection.ts";
import { correlationId } from "./correlation-id.ts";
import { cors } from "./cors.ts";
import { hmacAuth } from "./hmac-auth.ts";
import { httpLog } from "./http-log.ts";
import { ipRestriction } from "./ip-restriction.ts";
import { jwt } from "./jwt.ts";
import { keyAuth } from "./key-auth.ts";
import { rateLimiting } from "./rate-limiting.ts";
import { requestTermination } from "./request-termination.ts";
import { requestTransformer } from "./request-transformer.ts";
import { responseTransformer } from "./response-transformer.ts";

/** Accepted and left out: what it would write is of no use to a test, and no request shows its absence. */
const WITHOUT_EFFECT = new Set(["file-log"]);

/** The plugins that the double simulates, in the order in which Kong runs them. */
export class PluginRegistry {
  readonly ordered: readonly ProxyPlugin[];
  readonly #byName: ReadonlyMap<string, ProxyPlugin>;
  readonly #reported = new Set<string>();
  readonly #onUnsupported: (what: string) => void;

  constructor(onUnsupported: (what: string) => void) {
    this.#onUnsupported = onUnsupported;
    const plugins: ProxyPlugin[] = [
      acl,
      basicAuth,
      botDetection,
      correlationId(),
      cors,
      hmacAuth,
      httpLog(),
      ipRestriction,
      jwt,
      keyAuth,
      rateLimiting(),
      requestTermination,
      requestTransformer,
      responseTransformer,
    ];
    this.ordered = plugins.sort((a, b) => b.priority - a.priority);
    this.#byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  }

  /** Says once for each plugin, or each part of one, that the proxy serves requests as if it were not there. */
  check(entity: JsonObject): void {
    const name = textOf(entity["name"]) ?? "";
    const plugin = this.#byName.get(name);
    if (plugin !== undefined) {
      const part = plugin.unsupported?.(recordOf(entity["config"]));
      if (part !== undefined) this.report(`plugin ${name}: ${part}`);
    } else if (!WITHOUT_EFFECT.has(name)) this.report(`plugin ${name}`);
  }

  report(what: string): void {
    if (this.#reported.has(what)) return;
    this.#reported.add(what);
    this.#onUnsupported(what);
  }

  stop(): void {
    for (const plugin of this.ordered) plugin.stop?.();
  }
}
