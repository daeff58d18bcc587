import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import { fileNames } from "./test/dev/lint/file-names.js";
import { importDirections } from "./test/dev/lint/import-directions.js";

const PURE_FOLDERS = ["api", "model", "translate", "plan", "report", "tenancy", "convert"].map(
  (folder) => `src/${folder}/**/*.ts`,
);

const noDefaultExport = {
  selector: "ExportDefaultDeclaration",
  message: "Export by name: a default export has another name in each file that imports it.",
};
const noEnvironment = {
  selector:
    "MemberExpression[object.name='process'][property.name='env'], MemberExpression[object.name='process'][property.value='env']",
  message: "Only src/config.ts reads the environment: take what you need from Config.",
};
const impure = (selector, what) => ({ selector, message: `This folder is pure: take ${what} as an argument.` });
const noEffects = [
  impure("MemberExpression[object.name='Date'][property.name='now']", "the time"),
  impure("NewExpression[callee.name='Date'][arguments.length=0]", "the time"),
  impure("CallExpression[callee.name='Date']", "the time"),
  impure("MemberExpression[object.name='performance']", "the time"),
  impure("MemberExpression[object.name='Math'][property.name='random']", "the random number"),
  impure("Identifier[name=/^random(UUID|Bytes|Int)$/]", "what is random"),
  impure("CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|queueMicrotask)$/]", "what happens later"),
  impure("CallExpression[callee.name='fetch']", "the answer"),
  impure("MemberExpression[object.name='process']", "what the process knows"),
];

export default defineConfig(
  { ignores: ["dist/", "coverage/", ".kjo/", "node_modules/"] },
  {
    files: ["**/*.{ts,mts,js,mjs}"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { kjo: { rules: { "file-names": fileNames, "import-directions": importDirections } } },
    rules: {
      "kjo/file-names": "error",
      "kjo/import-directions": "error",
      "max-lines": ["error", { max: 300 }],
      "max-depth": ["error", 3],
      "no-restricted-syntax": ["error", noDefaultExport],
      eqeqeq: "error",
      "no-cond-assign": "error",
      "no-control-regex": "error",
      "no-debugger": "error",
      "no-empty": "error",
      "no-loss-of-precision": "error",
      "no-self-compare": "error",
      "no-sparse-arrays": "error",
      "no-unsafe-finally": "error",
      "no-unsafe-negation": "error",
      "no-useless-escape": "error",
      "no-useless-rename": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["**/*.{ts,mts}"],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-deprecated": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      // A method may return a promise where the base class has void: what calls it is the base class, which we do not own.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { inheritedMethods: false } }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/return-await": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/config.ts"],
    rules: { "no-restricted-syntax": ["error", noDefaultExport, noEnvironment] },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/main.ts", "src/cli/**"],
    rules: { "no-console": "error" },
  },
  { files: PURE_FOLDERS, rules: { "no-restricted-syntax": ["error", noDefaultExport, noEnvironment, ...noEffects] } },
  // Tables of cases stand beside the loop that reads them, which makes long but simple files.
  { files: ["test/**/*.test.ts"], rules: { "max-lines": ["error", { max: 500 }] } },
  // ESLint wants the configuration as a default export.
  { files: ["eslint.config.js"], rules: { "no-restricted-syntax": "off" } },
);
