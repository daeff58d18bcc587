import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";
import { parseSpec } from "../../src/api/parse.ts";
import { KONG_KINDS } from "../../src/controllers/kong-kinds.ts";
import { entityId } from "../../src/model/identity.ts";
import type { KongEntity } from "../../src/model/kong-entity.ts";
import type { ObjectKey } from "../../src/model/object-key.ts";
import { planKong } from "../../src/plan/kong.ts";
import { defaultKongName } from "../../src/translate/names.ts";
import type { TranslationContext } from "../../src/translate/translation.ts";

/*
 * What objects become in Kong, and in which order it is written and removed.
 *
 * To add a case: write cases/NAME/in.yaml with one or more objects (and the Secrets that they use), run
 * `KJO_GOLDEN_UPDATE=1 npm test -- --suite unit --grep golden`, read the out.yaml that this writes as if somebody else had
 * written it, and commit both.
 */
const CASES = fileURLToPath(new URL("./cases", import.meta.url));
const SCOPE = { instance: "team-a.default", workspace: "" };
const CLUSTER = "5d3c1f0e-0000-4000-8000-000000000000";

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  readonly stringData?: Readonly<Record<string, string>>;
}

describe("golden", () => {
  const cases = readdirSync(CASES);

  it("has cases of every kind that becomes entities", () => {
    const kinds = new Set(cases.flatMap((name) => read(name).map(({ kind }) => kind)));
    assert.deepEqual(
      KONG_KINDS.map(({ definition }) => definition.kind).filter((kind) => !kinds.has(kind)),
      [],
    );
  });

  for (const name of cases) {
    it(name.replaceAll("-", " "), () => {
      const file = path.join(CASES, name, "out.yaml");
      const out = render(read(name));
      if (process.env["KJO_GOLDEN_UPDATE"]) writeFileSync(file, out);
      assert.ok(existsSync(file), `${file} is missing; see the comment on top of this file`);
      assert.equal(out, readFileSync(file, "utf8"));
    });
  }
});

function read(name: string): Manifest[] {
  const text = readFileSync(path.join(CASES, name, "in.yaml"), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function render(manifests: readonly Manifest[]): string {
  const entities = manifests.flatMap((manifest) => translate(manifest, manifests));
  const shown = {
    entities: entities.map(({ type, id, part, fields, secretPaths }) => ({ type, id, part, fields, secretPaths })),
    creates: order(entities, []),
    deletes: order([], entities),
  };
  return stringify(shown, { aliasDuplicateObjects: false });
}

/** The plan as words, `create services team-a.users`. */
function order(desired: readonly KongEntity[], actual: readonly KongEntity[]): string[] {
  return planKong({ desired, actual, compare: () => [] }).map(
    ({ action, entity }) =>
      `${action} ${entity.type} ${entity.owner.name}${entity.part === "" ? "" : ` (${entity.part})`}`,
  );
}

function translate({ kind, metadata, spec }: Manifest, manifests: readonly Manifest[]): KongEntity[] {
  const found = KONG_KINDS.find(({ definition }) => definition.kind === kind);
  if (!found) return [];
  const owner: ObjectKey = { kind, namespace: metadata.namespace ?? "team-a", name: metadata.name };
  const parsed = parseSpec(found.definition, { metadata: { ...metadata }, spec });
  return found.translation.translate(parsed, contextOf(owner, manifests));
}

/** As the observe stage would give it when everything that is referred to is in Kong. */
function contextOf(owner: ObjectKey, manifests: readonly Manifest[]): TranslationContext {
  return {
    owner,
    instance: SCOPE.instance,
    cluster: CLUSTER,
    defaultName: defaultKongName(owner, "Namespaced"),
    idFor: (type, part = "") => entityId(SCOPE, type, owner, part),
    idOf: ({ to, type }) => entityId(SCOPE, type, to),
    nameOf: ({ to }) => defaultKongName(to, "Namespaced"),
    secret: (name) =>
      manifests.find(({ kind, metadata }) => kind === "Secret" && metadata.name === name)?.stringData ?? {},
  };
}
