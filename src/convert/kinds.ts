import type { JsonObject } from "../model/json.ts";
import type { KongEntityType } from "../model/kong-entity.ts";
import { consumerSpec } from "./consumer-manifest.ts";
import { idIn, nameOf, type FlatEntity } from "./flat.ts";
import type { ManifestWriter } from "./manifest-writer.ts";

/** How one type of entity becomes objects of a kind. A new kind is one entry. */
interface Conversion {
  readonly type: KongEntityType;
  readonly kind: string;
  /** What the object is to be called. */
  readonly wantedName: (entity: FlatEntity, writer: ManifestWriter) => string;
  /** Undefined where it cannot be carried over, which has been told then. */
  readonly spec: (entity: FlatEntity, writer: ManifestWriter) => JsonObject | undefined;
}

const NAMELESS = "has none in Kong and gets one: to take it over, adopt.mode must be override";

const byName = (entity: FlatEntity): string => nameOf(entity) ?? anonymous(entity);

function anonymous({ type, id, hasOwnId }: FlatEntity): string {
  const singular = type.replace(/s$/, "");
  return hasOwnId ? `${singular}-${id.slice(0, 8)}` : singular;
}

/** In an order in which what others refer to comes first. */
export const CONVERSIONS: readonly Conversion[] = [
  { type: "vaults", kind: "KongVault", wantedName: byName, spec: vaultSpec },
  { type: "ca_certificates", kind: "KongCACertificate", wantedName: byName, spec: caCertificateSpec },
  { type: "certificates", kind: "KongCertificate", wantedName: certificateName, spec: certificateSpec },
  { type: "upstreams", kind: "KongUpstream", wantedName: byName, spec: upstreamSpec },
  { type: "services", kind: "KongService", wantedName: byName, spec: serviceSpec },
  { type: "routes", kind: "KongRoute", wantedName: byName, spec: routeSpec },
  { type: "consumer_groups", kind: "KongConsumerGroup", wantedName: byName, spec: groupSpec },
  { type: "consumers", kind: "KongConsumer", wantedName: byName, spec: consumerSpec },
  { type: "plugins", kind: "KongPluginBinding", wantedName: pluginName, spec: pluginSpec },
];

function vaultSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  const name = writer.objectOf(entity.id) ?? "vault";
  return { ...writer.plainFields(entity, ["config"]), ...writer.config(entity, `${name}-vault`) };
}

function caCertificateSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  const name = writer.secret(writer.objectOf(entity.id) ?? "ca", { "ca.crt": String(entity.fields["cert"] ?? "") });
  return { ...writer.plainFields(entity, ["cert", "cert_digest"]), secretRef: { name } };
}

function certificateName(entity: FlatEntity, writer: ManifestWriter): string {
  const [first] = snisOf(entity, writer);
  return first === undefined ? byName(entity) : first.replace(/^\*\./, "wildcard.").replace(/\.\*$/, ".wildcard");
}

function snisOf(entity: FlatEntity, writer: ManifestWriter): string[] {
  return writer
    .children(entity, "snis")
    .flatMap((sni) => nameOf(sni) ?? [])
    .sort();
}

function certificateSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  const { cert, key, cert_alt: certAlt, key_alt: keyAlt } = entity.fields;
  const object = writer.objectOf(entity.id) ?? "certificate";
  const pair = (crt: unknown, ofKey: unknown, name: string): string =>
    writer.secret(
      name,
      { "tls.crt": String(crt ?? ""), "tls.key": String(ofKey ?? "") },
      { type: "kubernetes.io/tls" },
    );
  const snis = snisOf(entity, writer);
  return {
    ...writer.plainFields(entity, ["cert", "key", "cert_alt", "key_alt", "snis"]),
    secretRef: { name: pair(cert, key, object) },
    ...(certAlt === undefined ? {} : { altSecretRef: { name: pair(certAlt, keyAlt, `${object}-alt`) } }),
    ...(snis.length > 0 ? { snis } : {}),
  };
}

function upstreamSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  const certificate = writer.reference(entity, "client_certificate");
  const targets = writer.children(entity, "targets").map(({ fields: { target, weight, tags } }) => ({
    target: target ?? "",
    ...(weight === undefined ? {} : { weight }),
    ...(Array.isArray(tags) && tags.length > 0 ? { tags } : {}),
  }));
  return {
    ...writer.plainFields(entity, ["client_certificate"]),
    ...(certificate ? { clientCertificateRef: certificate } : {}),
    ...(targets.length > 0 ? { targets } : {}),
  };
}

function serviceSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  const { host, ca_certificates: authorities } = entity.fields;
  if (nameOf(entity) === undefined) writer.lose(entity, NAMELESS, "name");
  const upstream = writer.upstreamNamed(String(host ?? ""));
  const certificate = writer.reference(entity, "client_certificate");
  const refs = (Array.isArray(authorities) ? authorities : []).flatMap(
    (id) => writer.reference(entity, "ca_certificates", String(id)) ?? [],
  );
  return {
    ...writer.plainFields(entity, ["client_certificate", "ca_certificates", ...(upstream ? ["host"] : [])]),
    ...(upstream ? { upstreamRef: { name: upstream } } : {}),
    ...(certificate ? { clientCertificateRef: certificate } : {}),
    ...(refs.length > 0 ? { caCertificateRefs: refs } : {}),
  };
}

function routeSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject | undefined {
  if (nameOf(entity) === undefined) writer.lose(entity, NAMELESS, "name");
  const service = writer.reference(entity, "service");
  // Without its service it would be another route.
  if (!service && idIn(entity.fields["service"]) !== undefined) return undefined;
  return { ...(service ? { serviceRef: service } : {}), ...writer.plainFields(entity, ["service"]) };
}

function groupSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject {
  return writer.plainFields(entity, []);
}

const SCOPES = {
  service: "serviceRef",
  route: "routeRef",
  consumer: "consumerRef",
  consumer_group: "consumerGroupRef",
} as const;

function pluginName({ fields }: FlatEntity, writer: ManifestWriter): string {
  if (typeof fields["instance_name"] === "string") return fields["instance_name"];
  const scopes = Object.keys(SCOPES).flatMap((scope) => writer.objectOf(idIn(fields[scope]) ?? "") ?? []);
  return [...scopes, String(fields["name"])].join("-");
}

function pluginSpec(entity: FlatEntity, writer: ManifestWriter): JsonObject | undefined {
  const target: JsonObject = {};
  for (const [field, ref] of Object.entries(SCOPES)) {
    const found = writer.reference(entity, field);
    // Without one of them it would act on more than it does.
    if (!found && entity.fields[field] !== undefined) {
      if (idIn(entity.fields[field]) === undefined) writer.lose(entity, "there is no kind for it", field);
      return undefined;
    }
    if (found) target[ref] = found;
  }
  const { name, ...fields } = writer.plainFields(entity, ["config", ...Object.keys(SCOPES)]);
  return {
    plugin: name ?? "",
    ...fields,
    ...writer.config(entity, `${writer.objectOf(entity.id) ?? "plugin"}-config`),
    ...(Object.keys(target).length > 0 ? { targets: [target] } : { scope: "Global" }),
  };
}
