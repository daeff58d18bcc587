import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { JsonObject } from "../../../../../src/model/json.ts";
import type { ClientRequest, Exchange, ProxyPlugin } from "../exchange.ts";
import { numberOf, textOf, textsOf } from "../json-fields.ts";
import { authenticate, unauthorized } from "./authentication.ts";
import type { Verdict } from "./authentication.ts";

const HASHES: Readonly<Record<string, string>> = {
  "hmac-sha1": "sha1",
  "hmac-sha256": "sha256",
  "hmac-sha384": "sha384",
  "hmac-sha512": "sha512",
};

interface Signature {
  readonly username: string;
  readonly algorithm: string;
  readonly headers: readonly string[];
  readonly value: string;
}

/** Source: docs.konghq.com, HMAC Authentication plugin. */
export const hmacAuth: ProxyPlugin = {
  name: "hmac-auth",
  priority: 1030,
  access: (exchange, config) => authenticate(exchange, config, () => verify(exchange, config)),
};

function verify(exchange: Exchange, config: JsonObject): Verdict {
  const { request } = exchange;
  const refuse = (message: string): Verdict => unauthorized(exchange, "hmac", config, message);
  const sent = ["proxy-authorization", "authorization"].filter((name) => request.headers.has(name));
  if (sent.length === 0) return refuse("Unauthorized");
  if (!hasFreshDate(request, numberOf(config["clock_skew"], 300), exchange.now())) {
    return refuse(
      "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication",
    );
  }
  const header = sent.find((name) => signatureOf(request.headers.get(name)) !== undefined);
  const signature = signatureOf(request.headers.get(header ?? ""));
  if (config["hide_credentials"] === true && header !== undefined) exchange.upstream.headers.delete(header);
  const hash = HASHES[signature?.algorithm ?? ""];
  if (signature === undefined || hash === undefined || !isAllowed(signature, config)) {
    return refuse("HMAC signature cannot be verified");
  }
  const credential = exchange.index.find("hmacauth_credentials", signature.username);
  if (credential === undefined) return refuse("HMAC signature cannot be verified");
  const expected = createHmac(hash, textOf(credential["secret"]) ?? "")
    .update(signedText(request, signature))
    .digest();
  const given = Buffer.from(signature.value, "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    return refuse("HMAC signature does not match");
  }
  if (config["validate_request_body"] === true && !hasTrueDigest(request))
    return refuse("HMAC signature does not match");
  return { credential, identifier: textOf(credential["username"]) };
}

function signatureOf(header: string | undefined): Signature | undefined {
  const pattern = /[Hh]mac\s*username="(.+)",\s*algorithm="(.+)",\s*headers="(.+)",\s*signature="(.+)"/;
  const [, username, algorithm, headers, value] = pattern.exec(header ?? "") ?? [];
  if (username === undefined || algorithm === undefined || headers === undefined || value === undefined)
    return undefined;
  return { username, algorithm, headers: headers.split(" "), value };
}

function isAllowed(signature: Signature, config: JsonObject): boolean {
  if (!textsOf(config["algorithms"]).includes(signature.algorithm)) return false;
  return textsOf(config["enforce_headers"]).every((name) => signature.headers.includes(name));
}

function hasFreshDate(request: ClientRequest, skewSeconds: number, nowMs: number): boolean {
  return ["x-date", "date"].some((name) => {
    const at = Date.parse(request.headers.get(name) ?? "");
    return Math.abs(nowMs - at) / 1000 <= skewSeconds;
  });
}

function signedText(request: ClientRequest, { headers }: Signature): string {
  return headers
    .map((name) => {
      const value = request.headers.get(name);
      if (value !== undefined) return `${name}: ${value}`;
      if (name === "request-line") return `${request.method} ${request.target} HTTP/${request.httpVersion}`;
      return name === "@request-target" ? `${name}: ${request.method.toLowerCase()} ${request.target}` : `${name}:`;
    })
    .join("\n");
}

function hasTrueDigest(request: ClientRequest): boolean {
  const digest = request.headers.get("digest");
  if (digest === undefined) return request.body.length === 0;
  return digest === `SHA-256=${createHash("sha256").update(request.body).digest("base64")}`;
}
