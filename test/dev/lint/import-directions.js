import path from "node:path";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../../../src/", import.meta.url));

const PURE = ["model", "errors", "api", "translate", "plan", "report", "tenancy"];
const OUTSIDE = [...PURE, "runtime"];
const EVERYTHING = [
  ...OUTSIDE,
  "cron",
  "images",
  "http",
  "kong",
  "jenkins",
  "notify",
  "discovery",
  "verify",
  "kube",
  "controllers",
];

/** Without I/O, so that what imports them alone stays pure. */
const PURE_PACKAGES = ["zod", "yaml", "node:crypto", "node:util"];
/** Single functions of packages that can do I/O. */
const PURE_FUNCTIONS = { "node:net": ["isIP", "isIPv4", "isIPv6"] };
const CLUSTER_PACKAGES = ["@kubernetes/client-node", "@dot-i/k8s-operator"];

/**
 * Which part of `src/` may use which: `parts` beside itself, and of packages either only those of `only` or all but those
 * of `never`. A part is a folder or a file directly in `src/`. docs/architecture.md draws it.
 */
const DIRECTIONS = {
  model: { parts: [], only: PURE_PACKAGES },
  errors: { parts: ["model"], only: PURE_PACKAGES },
  api: { parts: ["model", "errors"], only: PURE_PACKAGES },
  translate: { parts: PURE, only: PURE_PACKAGES },
  plan: { parts: PURE, only: PURE_PACKAGES },
  report: { parts: PURE, only: PURE_PACKAGES },
  tenancy: { parts: PURE, only: PURE_PACKAGES },
  cron: { parts: [], only: PURE_PACKAGES },
  images: { parts: [], only: PURE_PACKAGES },
  // Knows no Kong, Jenkins or Kubernetes type, so nothing of the model but the JSON that errors carry.
  runtime: { parts: ["errors"], never: [...CLUSTER_PACKAGES, "undici"] },
  // Requests and what can go wrong with them; knows no server's answers.
  http: { parts: [], never: CLUSTER_PACKAGES },
  kong: { parts: [...OUTSIDE, "http"], never: CLUSTER_PACKAGES },
  jenkins: { parts: [...OUTSIDE, "http"], never: CLUSTER_PACKAGES },
  notify: { parts: [...OUTSIDE, "http"], never: CLUSTER_PACKAGES },
  discovery: { parts: [...OUTSIDE, "http"], never: CLUSTER_PACKAGES },
  verify: { parts: [...OUTSIDE, "http"], never: CLUSTER_PACKAGES },
  kube: { parts: OUTSIDE, never: [] },
  config: { parts: PURE, never: CLUSTER_PACKAGES },
  controllers: { parts: [...EVERYTHING, "config"], never: [...CLUSTER_PACKAGES, "undici", "node:http", "node:https"] },
  convert: { parts: PURE, only: PURE_PACKAGES },
  offline: { parts: [...EVERYTHING, "convert"], never: [...CLUSTER_PACKAGES, "undici"] },
  doctor: { parts: EVERYTHING, never: [...CLUSTER_PACKAGES, "undici"] },
  cli: { parts: [...EVERYTHING, "config", "convert", "offline", "doctor"], never: CLUSTER_PACKAGES },
  main: { parts: [...EVERYTHING, "config", "convert", "offline", "doctor", "cli"], never: CLUSTER_PACKAGES },
};

/** Reports an import in `src/` that goes against the directions. */
export const importDirections = {
  meta: {
    type: "problem",
    messages: {
      unknownPart:
        "src/{{part}} has no place in the import directions yet: add it to test/dev/lint/import-directions.js.",
      part: "src/{{from}} may not import src/{{to}}: see the import directions in docs/architecture.md.",
      package: "src/{{from}} may not import {{to}}: see the import directions in docs/architecture.md.",
      outside: "src may not import what lies outside of it: {{to}}.",
      computed: "An import that is computed cannot be checked: write it out.",
    },
    schema: [],
  },
  create(context) {
    const from = partOf(context.filename);
    if (from === undefined) return {};
    const directions = DIRECTIONS[from];
    if (directions === undefined) {
      return { Program: (node) => context.report({ node, messageId: "unknownPart", data: { part: from } }) };
    }
    const checkSource = ({ source, specifiers = [] }) => {
      if (!source || isPureFunction(source.value, specifiers)) return;
      const problem =
        source.type === "Literal"
          ? judge(from, directions, context.filename, String(source.value))
          : { messageId: "computed" };
      if (problem) context.report({ node: source, ...problem });
    };
    return {
      ImportDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ImportExpression: checkSource,
      TSImportType: checkSource,
    };
  },
};

function isPureFunction(target, specifiers) {
  const names = PURE_FUNCTIONS[target] ?? [];
  return specifiers.length > 0 && specifiers.every(({ imported }) => names.includes(imported?.name));
}

function judge(from, directions, file, target) {
  if (!target.startsWith(".")) {
    const isAllowed = directions.only
      ? directions.only.some((name) => isOf(target, name))
      : !directions.never.some((name) => isOf(target, name));
    return isAllowed ? undefined : { messageId: "package", data: { from, to: target } };
  }
  const to = partOf(path.resolve(path.dirname(file), target));
  if (to === undefined) return { messageId: "outside", data: { to: target } };
  const isAllowed = to === from || directions.parts.includes(to);
  return isAllowed ? undefined : { messageId: "part", data: { from, to } };
}

/** "fs" and "node:fs/promises" both are of "node:fs". */
function isOf(target, name) {
  const plain = (text) => text.replace(/^node:/, "");
  return plain(target) === plain(name) || plain(target).startsWith(`${plain(name)}/`);
}

function partOf(file) {
  const relative = path.relative(sources, file);
  if (relative.startsWith("..") || path.isAbsolute(relative)) return undefined;
  const [first] = relative.split(path.sep);
  return path.parse(first).name;
}
