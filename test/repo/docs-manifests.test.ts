import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { z } from "zod";
import { API_VERSION, KINDS } from "../../src/api/kinds.ts";
import type { KindDefinition } from "../../src/api/kind.ts";
import { parseSpec } from "../../src/api/parse.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = globSync("{*.md,docs/*.md,docs/decisions/*.md}", { cwd: ROOT });
const SPEC_FIELDS = new Set(KINDS.flatMap((kind) => Object.keys((kind.specSchema as z.ZodObject).shape)));

type Snippet = Readonly<Record<string, unknown>>;

/** Whole objects, objects without metadata, and some fields of a spec, which must all be of one kind. */
describe("manifests in the documentation", () => {
  for (const page of PAGES) {
    const snippets = snippetsIn(readFileSync(path.join(ROOT, page), "utf8"));
    if (snippets.length === 0) continue;
    it(`of ${page} are valid (${snippets.length})`, () => {
      assert.deepEqual(snippets.flatMap(faultsOf), []);
    });
  }

  it("are found in fences, in indented blocks and in what a shell reads", () => {
    const text = [
      "```yaml\nkind: KongRoute\nspec: { paths: [/a] }\n\n---\nkind: Secret\n```",
      "    kubectl apply -f - <<EOF\n    kind: KongService\n    EOF\n\n    adopt: { mode: match } # or",
      "    image: nginx\n",
    ].join("\n\n");
    assert.deepEqual(snippetsIn(text), [
      { kind: "KongRoute", spec: { paths: ["/a"] } },
      { kind: "KongService" },
      { adopt: { mode: "match" } },
    ]);
  });

  it("are missed by nobody when they are no YAML", () => {
    assert.throws(() => snippetsIn("    kind: KongRoute\n    spec: { paths: [/a }\n"));
    assert.deepEqual(snippetsIn("    ~ routes users: { paths: [/a }\n"), []);
  });

  it("are refused for an unknown field, a wrong value, and fields of two kinds", () => {
    assert.match(faultsOf({ kind: "KongRoute", spec: { path: "/a" } }).join(), /spec\.path: unknown field/);
    assert.match(faultsOf({ apiVersion: "kjo.dev/v1", kind: "KongRoute", spec: {} }).join(), /apiVersion/);
    assert.notDeepEqual(faultsOf({ adopt: { mode: "steal" } }), []);
    assert.notDeepEqual(faultsOf({ adminApi: { url: "http://kong:8001" }, strip_path: true }), []);
  });
});

function snippetsIn(text: string): Snippet[] {
  const fences = [...text.matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
  const indented = text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/(?:^ {4}.*\n?)+/gm);
  const blocks = [...indented].map(([block]) => block.replace(/^ {4}/gm, ""));
  return [...fences, ...blocks.map(heredocOr)].flatMap(documentsIn).filter(isOurs);
}

/** What a shell's `<<EOF` reads, or the block itself. */
function heredocOr(block: string): string {
  return /<<EOF\n([\s\S]*?)^EOF$/m.exec(block)?.[1] ?? block;
}

/** @throws Error for what says that it is one of our kinds and is no YAML; other blocks may be anything. */
function documentsIn(block: string): unknown[] {
  const documents = parseAllDocuments(block);
  if (!Array.isArray(documents)) return [];
  const isOne = /^(apiVersion: kjo\.dev|kind: Kong)/m.test(block);
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error && isOne) throw error;
    return error ? [] : [document.toJS() as unknown];
  });
}

function isOurs(value: unknown): value is Snippet {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { kind } = value as Snippet;
  if (kind !== undefined) return KINDS.some((definition) => definition.kind === kind);
  return Object.keys(value).some((key) => key === "spec" || SPEC_FIELDS.has(key));
}

function faultsOf(snippet: Snippet): string[] {
  const { kind, apiVersion = API_VERSION, spec } = snippet;
  if (kind === undefined) return faultsOfFields((spec ?? snippet) as Snippet);
  const definition = KINDS.find((candidate) => candidate.kind === kind);
  if (definition === undefined || apiVersion !== API_VERSION) return [`${String(kind)}: kind or apiVersion`];
  try {
    parseSpec(definition, { metadata: { name: "example" }, ...snippet });
    return [];
  } catch (error) {
    return [String(error)];
  }
}

/** None where they are fields of some kind, whatever else its objects need; else what the nearest kind says. */
function faultsOfFields(fields: Snippet): string[] {
  const faults = KINDS.map((kind) => wrongIn(fields, kind));
  return faults.reduce((fewest, other) => (other.length < fewest.length ? other : fewest));
}

function wrongIn(fields: Snippet, { kind, specSchema }: KindDefinition): string[] {
  const { error } = specSchema.safeParse(fields, { reportInput: true });
  const wrong = error?.issues.filter(({ code, input }) => code !== "custom" && input !== undefined) ?? [];
  return wrong.map((issue) => `${kind}: ${issue.path.join(".")}: ${issue.message}`);
}
