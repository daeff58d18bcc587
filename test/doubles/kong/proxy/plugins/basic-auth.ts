import { createHash } from "node:crypto";
import type { JsonObject } from "../../../../../src/model/json.ts";
import type { Exchange, ProxyPlugin } from "../exchange.ts";
import { referenceOf, textOf } from "../json-fields.ts";
import { authenticate, unauthorized } from "./authentication.ts";
import type { Verdict } from "./authentication.ts";

/** Source: docs.konghq.com, Basic Authentication plugin. Kong stores the hex SHA-1 of password and consumer id. */
export const basicAuth: ProxyPlugin = {
  name: "basic-auth",
  priority: 1100,
  access: (exchange, config) => authenticate(exchange, config, () => verify(exchange, config)),
};

function verify(exchange: Exchange, config: JsonObject): Verdict {
  for (const header of ["proxy-authorization", "authorization"]) {
    const sent = credentialsOf(exchange.request.headers.get(header));
    if (config["hide_credentials"] === true) exchange.upstream.headers.delete(header);
    if (sent === undefined) continue;
    const credential = exchange.index.find("basicauth_credentials", sent.username);
    if (credential !== undefined && textOf(credential["password"]) === passwordHash(credential, sent.password)) {
      return { credential, identifier: textOf(credential["username"]) };
    }
  }
  return unauthorized(exchange, "Basic", config);
}

function credentialsOf(header: string | undefined): { username: string; password: string } | undefined {
  const encoded = /[Bb]asic\s*(.+)/.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, username, password] = /^([^:]+):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
}

function passwordHash(credential: JsonObject, password: string): string {
  const salt = referenceOf(credential["consumer"]) ?? "";
  return createHash("sha1")
    .update(password + salt)
    .digest("hex");
}
