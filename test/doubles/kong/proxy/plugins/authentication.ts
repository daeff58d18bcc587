import type { JsonObject } from "../../../../../src/model/json.ts";
import { errorAnswer, exit } from "../answers.ts";
import type { HeaderPairs } from "../answers.ts";
import type { Answer, Exchange } from "../exchange.ts";
import { referenceOf, textOf } from "../json-fields.ts";

/** A credential that a request has proved to hold, and the name under which the backend gets to know it. */
export interface Proof {
  readonly credential: JsonObject;
  readonly identifier: string | undefined;
}

/** The result of looking at a request: proof, or the answer for a request without. */
export type Verdict = Proof | Answer;

/**
 * What all authentication plugins share: `run_on_preflight`, `anonymous`, several plugins as alternatives, and the
 * headers for the backend.
 */
export function authenticate(exchange: Exchange, config: JsonObject, verify: () => Verdict): Answer | undefined {
  const anonymous = textOf(config["anonymous"]) ?? "";
  if (config["run_on_preflight"] === false && exchange.request.method === "OPTIONS") return undefined;
  if (anonymous !== "" && exchange.identity?.credential !== undefined) return undefined;
  const verdict = verify();
  if ("credential" in verdict) {
    const consumer = exchange.index.get("consumers", referenceOf(verdict.credential["consumer"]));
    if (consumer === undefined) return errorAnswer(exchange.request, exchange.requestId, 500);
    identify(exchange, consumer, verdict);
    return undefined;
  }
  if (anonymous === "") return verdict;
  const consumer = anonymousConsumer(exchange, anonymous);
  if (consumer === undefined) return errorAnswer(exchange.request, exchange.requestId, 500);
  identify(exchange, consumer, undefined);
  return undefined;
}

/** A 401 with the scheme's challenge: `Key`, or `Key realm="…"`. */
export function unauthorized(exchange: Exchange, scheme: string, config: JsonObject, message?: string): Answer {
  return errorAnswer(exchange.request, exchange.requestId, 401, message, challenge(scheme, textOf(config["realm"])));
}

/** As {@link unauthorized}, with a body of the plugin's own. */
export function unauthorizedBody(challengeText: string, body: object): Answer {
  return exit(401, body, [["WWW-Authenticate", challengeText]]);
}

function challenge(scheme: string, realm: string | undefined): HeaderPairs {
  return [["WWW-Authenticate", realm === undefined ? scheme : `${scheme} realm="${realm}"`]];
}

/** `anonymous` names a consumer by id or by user name. */
function anonymousConsumer(exchange: Exchange, anonymous: string): JsonObject | undefined {
  return exchange.index.get("consumers", anonymous) ?? exchange.index.find("consumers", anonymous);
}

function identify(exchange: Exchange, consumer: JsonObject, proof: Proof | undefined): void {
  exchange.identity = proof === undefined ? { consumer } : { consumer, credential: proof.credential };
  const { headers } = exchange.upstream;
  const values: [string, string | undefined][] = [
    ["X-Consumer-ID", textOf(consumer["id"])],
    ["X-Consumer-Custom-ID", textOf(consumer["custom_id"])],
    ["X-Consumer-Username", textOf(consumer["username"])],
    ["X-Credential-Identifier", proof?.identifier],
    ["X-Anonymous-Consumer", proof === undefined ? "true" : undefined],
  ];
  for (const [name, value] of values) {
    headers.delete(name);
    if (value !== undefined) headers.add(name, value);
  }
}
