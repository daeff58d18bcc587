import { readFile } from "node:fs/promises";
import { toStructuralSchema } from "../../src/api/crd.ts";
import { CONDITIONS } from "../../src/api/conditions.ts";
import type { KindDefinition } from "../../src/api/kind.ts";
import { KINDS } from "../../src/api/kinds.ts";
import { ANNOTATION_RECONCILE, API_VERSION, GROUP, LABEL_SECRET } from "../../src/api/names.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { GeneratedFile } from "./generate.ts";
import { listFields, listRules, type Field } from "./schema-fields.ts";

const FOLDER = "docs/reference";
const HEADER = "<!-- Generated from src/api by `npm run generate`. Do not edit. -->\n";
/** The example of a kind is a fixture, so that both the parser and the API server have accepted it. */
const EXAMPLES = new URL("../fixtures/kinds/valid/", import.meta.url);

/** A page a kind, and the page that lists them. */
export const referenceFiles: readonly GeneratedFile[] = [
  { path: `${FOLDER}/README.md`, render: renderIndex },
  ...KINDS.map((definition) => ({ path: `${FOLDER}/${definition.singular}.md`, render: () => renderPage(definition) })),
];

function renderIndex(): string {
  const rows = KINDS.map(({ kind, singular, shortNames, description }) => [
    `[${kind}](${singular}.md)`,
    code(shortNames.join(", ")),
    description,
  ]);
  return [
    HEADER,
    "# Kinds",
    "",
    `All kinds are of \`${API_VERSION}\` and namespaced; \`kubectl get kjo -A\` lists the objects of all of them. Kong's own`,
    `operators have kinds of the same names in other groups: where both are installed, write \`kongservices.${GROUP}\`.`,
    "",
    ...table(["Kind", "Short name", "What it is"], rows),
    "",
    "Common to all of them:",
    "",
    "- Fields that are Kong's own keep Kong's names (`strip_path`) and have no default here: what is absent takes the default",
    "  of the gateway. References and everything of the operator's are camelCase.",
    "- References name an object in the same namespace. Only `gatewayRef` may name another, and the `adminApi.serviceRef` of a",
    "  KongGateway.",
    `- A Secret is read only when it carries the label \`${LABEL_SECRET}: "true"\`, by which its owner agrees to that.`,
    `- The annotation \`${ANNOTATION_RECONCILE}\` with any new value asks for a reconcile now.`,
    "",
    "## Conditions",
    "",
    "In `status.conditions`; `kubectl wait --for=condition=Ready` waits for an object.",
    "",
    ...table(
      ["Condition", "True says"],
      Object.entries(CONDITIONS).map(([type, meaning]) => [code(type), meaning]),
    ),
    "",
  ].join("\n");
}

async function renderPage(definition: KindDefinition): Promise<string> {
  const { kind, plural, singular, shortNames, description, printerColumns } = definition;
  const spec = toStructuralSchema(definition.specSchema, "spec");
  const status = toStructuralSchema(definition.statusSchema, "status");
  return [
    HEADER,
    `# ${kind}`,
    "",
    description,
    "",
    `\`${API_VERSION}\`, \`${plural}.${GROUP}\`, short name ${shortNames.map(code).join(", ")}.`,
    "",
    "```yaml",
    await readExample(singular),
    "```",
    "",
    "## Spec",
    "",
    ...table(["Field", "Type", "Required", "Bounds", "Description"], listFields(spec).map(specRow)),
    "",
    ...renderRules(spec),
    "## Status",
    "",
    ...table(
      ["Field", "Type", "Description"],
      listFields(status).map((field) => [code(field.path), field.type, plain(field.description)]),
    ),
    "",
    "## Columns of `kubectl get`",
    "",
    ...table(
      ["Column", "From", "Shown"],
      printerColumns.map((column) => [
        column.name,
        code(column.jsonPath),
        column.priority === 1 ? "with `-o wide`" : "always",
      ]),
    ),
    "",
  ].join("\n");
}

function specRow(field: Field): string[] {
  const { path, type, required, bounds, description } = field;
  return [code(path), type, required ? "yes" : "", plain(bounds.join("; ")), plain(description)];
}

function renderRules(schema: JsonObject): string[] {
  const rules = listRules(schema);
  if (rules.length === 0) return [];
  const lines = rules.map(({ path, message }) =>
    path === "" || message.startsWith(`${path} `) ? `- ${plain(message)}` : `- ${code(path)}: ${plain(message)}`,
  );
  return ["### Rules between fields", "", ...lines, ""];
}

async function readExample(singular: string): Promise<string> {
  return (await readFile(new URL(`${singular}-example.yaml`, EXAMPLES), "utf8")).trim();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Text in which Markdown sees no HTML. */
function plain(text: string): string {
  return text.replaceAll("<", "&lt;");
}

function code(text: string): string {
  return `\`${text}\``;
}
