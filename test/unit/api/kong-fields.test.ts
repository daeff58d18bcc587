import assert from "node:assert/strict";
import { toStructuralSchema } from "../../../src/api/crd.ts";
import type { KindDefinition } from "../../../src/api/kind.ts";
import { KongCACertificate } from "../../../src/api/v1alpha1/kong-ca-certificate.ts";
import { KongCertificate } from "../../../src/api/v1alpha1/kong-certificate.ts";
import { KongConsumer } from "../../../src/api/v1alpha1/kong-consumer.ts";
import { KongPluginBinding } from "../../../src/api/v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "../../../src/api/v1alpha1/kong-route.ts";
import { KongService } from "../../../src/api/v1alpha1/kong-service.ts";
import { KongUpstream } from "../../../src/api/v1alpha1/kong-upstream.ts";
import { KongVault } from "../../../src/api/v1alpha1/kong-vault.ts";
import type { JsonObject } from "../../../src/model/json.ts";
import type { Field } from "../../doubles/kong/schema/field.ts";
import { loadCatalog } from "../../doubles/kong/schema/catalog.ts";

interface Comparison {
  readonly definition: KindDefinition;
  readonly entity: string;
  /** Where the entity's fields lie in the spec; the spec itself unless set. */
  readonly at?: string;
  /** Kong's references under our names, and fields that another kind or field stands for ("" has no counterpart). */
  readonly renamed: Readonly<Record<string, string>>;
  /** What Kong does not have on the entity. */
  readonly ours: readonly string[];
}

const COMMON = ["gatewayRef", "deletionPolicy", "adopt"];
const COMPARISONS: readonly Comparison[] = [
  {
    definition: KongService,
    entity: "services",
    renamed: { client_certificate: "clientCertificateRef", ca_certificates: "caCertificateRefs" },
    ours: [...COMMON, "url", "upstreamRef", "backend"],
  },
  { definition: KongRoute, entity: "routes", renamed: { service: "serviceRef" }, ours: [...COMMON, "verify"] },
  {
    definition: KongUpstream,
    entity: "upstreams",
    renamed: { client_certificate: "clientCertificateRef" },
    ours: [...COMMON, "targets", "backends"],
  },
  { definition: KongUpstream, entity: "targets", at: "targets", renamed: { upstream: "" }, ours: [] },
  {
    definition: KongPluginBinding,
    entity: "plugins",
    renamed: { name: "plugin", service: "", route: "", consumer: "" },
    ours: [...COMMON, "configFrom", "configPatches", "targets", "scope", "ordering"],
  },
  {
    definition: KongConsumer,
    entity: "consumers",
    renamed: {},
    ours: [...COMMON, "groups", "consumerGroups", "credentials"],
  },
  {
    definition: KongCertificate,
    entity: "certificates",
    renamed: { cert: "secretRef", key: "", cert_alt: "altSecretRef", key_alt: "" },
    ours: COMMON,
  },
  {
    definition: KongCACertificate,
    entity: "ca_certificates",
    renamed: { cert: "secretRef", cert_digest: "" },
    ours: COMMON,
  },
  { definition: KongVault, entity: "vaults", renamed: {}, ours: [...COMMON, "configFrom", "configPatches"] },
];

/** Set by Kong. */
const AUTOMATIC = ["id", "created_at", "updated_at"];

describe("api/v1alpha1 beside Kong's own schemas", () => {
  const { entities } = loadCatalog("expressions");

  for (const { definition, entity, at, renamed, ours } of COMPARISONS) {
    it(`has every field of ${entity} in ${definition.kind}, and only those that are accounted for beside them`, () => {
      const spec = toStructuralSchema(definition.specSchema, "spec");
      const schema = at === undefined ? spec : childrenOf(propertiesOf(spec)[at] as JsonObject);
      const fields = [...(entities.get(entity)?.record.byName ?? [])].filter(([name]) => !AUTOMATIC.includes(name));
      const expected = fields.flatMap(([name, field]) => pathsOf(renamed[name] ?? name, field));
      const actual = Object.entries(propertiesOf(schema)).filter(([name]) => !ours.includes(name));
      assert.deepEqual(
        actual.flatMap(([name, child]) => kongPathsOf(name, child as JsonObject)).sort(),
        expected.sort(),
      );
    });
  }
});

/** A field of Kong's, with those of a record below it; a reference is one field. */
function pathsOf(name: string, field: Field): string[] {
  if (name === "") return [];
  const below = [...(field.record?.byName ?? [])];
  return [name, ...below.flatMap(([child, inner]) => pathsOf(`${name}.${child}`, inner))];
}

/** The same of our schema. References and lists of objects are one field. */
function kongPathsOf(name: string, schema: JsonObject): string[] {
  const below = name.endsWith("Ref") ? {} : propertiesOf(schema);
  return [
    name,
    ...Object.entries(below).flatMap(([child, inner]) => kongPathsOf(`${name}.${child}`, inner as JsonObject)),
  ];
}

function propertiesOf(schema: JsonObject): JsonObject {
  return (schema["properties"] ?? {}) as JsonObject;
}

function childrenOf(schema: JsonObject): JsonObject {
  return schema["items"] as JsonObject;
}
