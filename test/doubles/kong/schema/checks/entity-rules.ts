import type { Json, JsonObject } from "../../../../../src/model/json.ts";
import { isJsonObject } from "../../../../../src/model/json.ts";
import { checkRouteExpression } from "../expressions/check.ts";
import { splitUrl } from "../service-url.ts";
import { isVaultReference } from "../validate.ts";
import { readCertificate, readKey } from "./pem.ts";

/** A rule over a whole record; the text is the complaint. */
export type EntityRule = (entity: JsonObject) => string | undefined;

function certificateMatchesKey(cert: string, key: string, message: string): EntityRule {
  return (entity) => {
    const certText = entity[cert];
    const keyText = entity[key];
    if (typeof certText !== "string" || typeof keyText !== "string") return undefined;
    if (isVaultReference(certText) || isVaultReference(keyText)) return undefined;
    const certificate = readCertificate(certText);
    const privateKey = readKey(keyText);
    if (certificate === undefined || privateKey === undefined) return undefined;
    return privateKey.type === "private" && certificate.checkPrivateKey(privateKey) ? undefined : message;
  };
}

const differentTypes: EntityRule = ({ cert, cert_alt: other }) => {
  if (typeof cert !== "string" || typeof other !== "string") return undefined;
  const types = [cert, other].map((text) => readCertificate(text)?.publicKey.asymmetricKeyType);
  if (types[0] !== types[1] || types[0] === undefined) return undefined;
  return (
    "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), " +
    "the provided certificates were both of the same type"
  );
};

const oneValidCa: EntityRule = ({ cert }) => {
  if (typeof cert !== "string") return undefined;
  if (cert.split("-----BEGIN CERTIFICATE-----").length > 2) return "please submit only one certificate at a time";
  const parsed = readCertificate(cert);
  if (parsed === undefined) return undefined;
  if (parsed.validToDate.getTime() < Date.now()) return 'certificate expired, "Not After" time is in the past';
  return parsed.ca
    ? undefined
    : 'certificate does not appear to be a CA because it is missing the "CA" basic constraint';
};

const matchingKid: EntityRule = ({ jwk, kid }) => {
  if (typeof jwk !== "string" || isVaultReference(jwk)) return undefined;
  let parsed: Json;
  try {
    parsed = JSON.parse(jwk) as Json;
  } catch {
    return "could not json decode jwk string";
  }
  return isJsonObject(parsed) && parsed["kid"] === kid ? undefined : "kid in jwk.kid must be equal to keys.kid";
};

const plainProxy: EntityRule = (entity) => {
  const config = entity["config"];
  const url = isJsonObject(config) ? config["proxy_url"] : undefined;
  if (typeof url !== "string") return undefined;
  return splitUrl(url).scheme === "http" ? undefined : "proxy_url scheme must be http";
};

/** By the path of the record and the fields that the rule reads. */
const RULES: ReadonlyMap<string, EntityRule> = new Map([
  ["certificates:cert,key", certificateMatchesKey("cert", "key", "certificate does not match key")],
  [
    "certificates:cert_alt,key_alt",
    certificateMatchesKey("cert_alt", "key_alt", "alternative certificate does not match key"),
  ],
  ["certificates:cert,cert_alt", differentTypes],
  ["ca_certificates:cert", oneValidCa],
  ["keys:jwk,pem,kid", matchingKid],
  [
    "routes:id,protocols,snis,sources,destinations,methods,hosts,paths,headers,expression,regex_priority,priority",
    checkRouteExpression,
  ],
  ["plugins:aws-lambda:config.proxy_url", plainProxy],
]);

/** The code of a `custom_entity_check`; undefined where it only warns. */
export function entityRule(path: string, fieldSources: readonly string[]): EntityRule | undefined {
  return RULES.get(`${path}:${fieldSources.join(",")}`);
}
