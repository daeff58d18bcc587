import type { JsonObject } from "../../../../../src/model/json.ts";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import { cookieOf, queryValuesOf } from "../exchange.ts";
import { numberOf, textOf, textsOf } from "../json-fields.ts";
import { authenticate, unauthorizedBody } from "./authentication.ts";
import type { Verdict } from "./authentication.ts";
import { decodeToken, isSignedBy } from "./jwt-token.ts";

/** Source: docs.konghq.com, JWT plugin; bodies and challenges as recorded from Kong 3.9.1. */
export const jwt: ProxyPlugin = {
  name: "jwt",
  priority: 1450,
  access: (exchange, config) => authenticate(exchange, config, () => verify(exchange, config)),
};

function verify(exchange: Exchange, config: JsonObject): Verdict {
  const tokens = tokensOf(exchange, config);
  if (tokens.length === 0) return unauthorizedBody(bearer(config), { message: "Unauthorized" });
  if (tokens.length > 1) return invalid(config, { message: "Multiple tokens provided" });
  const token = decodeToken(tokens[0] as string);
  if (typeof token === "string") return invalid(config, { message: `Bad token; ${token}` });

  const claimName = textOf(config["key_claim_name"]) ?? "iss";
  const key = token.claims[claimName] ?? token.header[claimName];
  if (key === undefined || key === null) return invalid(config, { message: `No mandatory '${claimName}' in claims` });
  if (key === "") return invalid(config, { message: `Invalid '${claimName}' in claims` });
  const credential = exchange.index.find("jwt_secrets", String(key));
  if (credential === undefined) return invalid(config, { message: `No credentials found for given '${claimName}'` });

  const algorithm = textOf(credential["algorithm"]) ?? "HS256";
  if (token.algorithm !== algorithm) return invalid(config, { message: "Invalid algorithm" });
  const secret = textOf(credential[algorithm.startsWith("HS") ? "secret" : "rsa_public_key"]);
  if (secret === undefined) return invalid(config, { message: "Invalid key/secret" });
  const material = config["secret_is_base64"] === true ? Buffer.from(secret, "base64url") : Buffer.from(secret);
  if (!isSignedBy(token, material)) return invalid(config, { message: "Invalid signature" });

  const problems = claimProblems(token.claims, config, Math.floor(exchange.now() / 1000));
  if (problems !== undefined) return invalid(config, problems);
  return { credential, identifier: textOf(credential["key"]) };
}

/** Tokens of the first place that has one: query, cookies, headers. */
function tokensOf(exchange: Exchange, config: JsonObject): string[] {
  const { request } = exchange;
  for (const name of textsOf(config["uri_param_names"])) {
    const values = queryValuesOf(request, name);
    if (values.length > 0) return values;
  }
  for (const name of textsOf(config["cookie_names"])) {
    const value = cookieOf(request, name);
    if (value !== undefined && value !== "") return [value];
  }
  for (const name of textsOf(config["header_names"])) {
    const found = request.headers.all(name).flatMap((value) => /[Bb]earer\s+(.+)/.exec(value)?.[1] ?? []);
    if (found.length > 0) return found;
  }
  return [];
}

function claimProblems(claims: JsonObject, config: JsonObject, nowSeconds: number): JsonObject | undefined {
  const problems: JsonObject = {};
  for (const name of textsOf(config["claims_to_verify"])) {
    const claim = claims[name];
    if (typeof claim !== "number") problems[name] = "must be a number";
    else if (name === "exp" && claim <= nowSeconds) problems[name] = "token expired";
    else if (name === "nbf" && claim > nowSeconds) problems[name] = "token not valid yet";
  }
  if (Object.keys(problems).length > 0) return problems;
  const maximum = numberOf(config["maximum_expiration"], 0);
  if (maximum <= 0) return undefined;
  const exp = claims["exp"];
  if (typeof exp === "number" && exp - nowSeconds <= maximum) return undefined;
  return { exp: "exceeds maximum allowed expiration" };
}

function invalid(config: JsonObject, body: JsonObject): Verdict {
  const realm = textOf(config["realm"]);
  return unauthorizedBody(`${bearer(config)}${realm === undefined ? " " : ", "}error="invalid_token"`, body);
}

function bearer(config: JsonObject): string {
  const realm = textOf(config["realm"]);
  return realm === undefined ? "Bearer" : `Bearer realm="${realm}"`;
}
