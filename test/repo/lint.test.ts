import assert from "node:assert/strict";
import { globSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";

const root = fileURLToPath(new URL("../../", import.meta.url));
const CLIENT = "@kubernetes/client-node";

/** A planted violation: the file it stands in, its code, and the rule that has to report it. */
const VIOLATIONS: readonly (readonly [file: string, code: string, rule: string])[] = [
  ["src/model/planted.ts", 'import { parse } from "../api/parse.ts";', "kjo/import-directions"],
  ["src/api/planted.ts", 'import type { Plan } from "../plan/plan.ts";', "kjo/import-directions"],
  ["src/translate/planted.ts", 'import { AdminClient } from "../kong/admin-client.ts";', "kjo/import-directions"],
  ["src/plan/planted.ts", 'export * from "../kube/client.ts";', "kjo/import-directions"],
  ["src/plan/planted.ts", 'export { run } from "../runtime/work-queue.ts";', "kjo/import-directions"],
  ["src/report/planted.ts", 'const text: import("../controllers/operator.ts").Text = "";', "kjo/import-directions"],
  ["src/report/planted.ts", 'await import("../kube/client.ts");', "kjo/import-directions"],
  ["src/report/planted.ts", "await import(`../${name}.ts`);", "kjo/import-directions"],
  ["src/api/planted.ts", 'import fs from "node:fs";', "kjo/import-directions"],
  ["src/api/planted.ts", 'import { readFile } from "fs/promises";', "kjo/import-directions"],
  ["src/plan/planted.ts", 'import net from "node:net";', "kjo/import-directions"],
  ["src/plan/planted.ts", 'import http from "node:http";', "kjo/import-directions"],
  ["src/translate/planted.ts", 'import { request } from "undici";', "kjo/import-directions"],
  ["src/report/planted.ts", 'import winston from "winston";', "kjo/import-directions"],
  ["src/translate/planted.ts", `import type { V1Secret } from "${CLIENT}";`, "kjo/import-directions"],
  ["src/runtime/planted.ts", 'import type { KongEntity } from "../model/kong-entity.ts";', "kjo/import-directions"],
  ["src/runtime/planted.ts", 'import { AdminClient } from "../kong/admin-client.ts";', "kjo/import-directions"],
  ["src/runtime/planted.ts", `import type { V1Secret } from "${CLIENT}";`, "kjo/import-directions"],
  ["src/kong/planted.ts", 'import { createClient } from "../kube/client.ts";', "kjo/import-directions"],
  ["src/kube/planted.ts", 'import { AdminClient } from "../kong/admin-client.ts";', "kjo/import-directions"],
  ["src/kong/planted.ts", `import type { V1Secret } from "${CLIENT}";`, "kjo/import-directions"],
  ["src/controllers/planted.ts", `import { CoreV1Api } from "${CLIENT}/dist/index.js";`, "kjo/import-directions"],
  ["src/controllers/planted.ts", 'import operator from "@dot-i/k8s-operator";', "kjo/import-directions"],
  ["src/controllers/planted.ts", 'import { main } from "../main.ts";', "kjo/import-directions"],
  [
    "src/cli/planted.ts",
    'import { startKongDouble } from "../../test/doubles/kong/double.ts";',
    "kjo/import-directions",
  ],
  ["src/elsewhere/planted.ts", "export const here = 1;", "kjo/import-directions"],
  ["src/plan/planted.ts", "export const at = Date.now();", "no-restricted-syntax"],
  ["src/plan/planted.ts", "export const at = new Date();", "no-restricted-syntax"],
  ["src/report/planted.ts", "export const dice = Math.random();", "no-restricted-syntax"],
  ["src/model/planted.ts", "setTimeout(() => undefined, 1);", "no-restricted-syntax"],
  ["src/translate/planted.ts", 'await fetch("http://example.test");', "no-restricted-syntax"],
  ["src/translate/planted.ts", "export const id = crypto.randomUUID();", "no-restricted-syntax"],
  ["src/kong/planted.ts", 'export const home = process.env["HOME"];', "no-restricted-syntax"],
  ["src/controllers/planted.ts", "export const { HOME } = process.env;", "no-restricted-syntax"],
  ["src/kube/planted.ts", "export default function watch() {}", "no-restricted-syntax"],
  ["src/kube/planted.ts", 'console.log("seen");', "no-console"],
  ["src/kube/plantedFile.ts", "export const here = 1;", "kjo/file-names"],
  ["src/kube/planted-helpers.ts", "export const here = 1;", "kjo/file-names"],
  ["src/kube/planted.ts", "export const line = 1;\n".repeat(301), "max-lines"],
  ["test/dev/planted.ts", "export const anything: any = 1;", "@typescript-eslint/no-explicit-any"],
  ["test/dev/planted.ts", "export function f() { if (a) { if (b) { if (c) { if (d) e(); } } } }", "max-depth"],
];

/** What the rules must leave alone. */
const ALLOWED: readonly (readonly [file: string, code: string])[] = [
  ["src/api/planted.ts", 'import { z } from "zod";\nexport const text = z.string();'],
  [
    "src/plan/planted.ts",
    'import { isIP } from "node:net";\nexport const isAddress = (text: string) => isIP(text) > 0;',
  ],
  ["src/plan/planted.ts", "export const at = (now: number) => new Date(now).toISOString();"],
  ["src/kube/planted.ts", `export type { V1Secret } from "${CLIENT}";`],
  ["src/kube/planted.ts", 'export type { KongEntity } from "../model/kong-entity.ts";'],
  [
    "src/controllers/planted.ts",
    'export { plan } from "../plan/plan.ts";\nexport { createClient } from "../kube/client.ts";',
  ],
  ["test/dev/planted.ts", 'export const home = process.env["HOME"];\nexport const at = Date.now();'],
];

describe("lint", () => {
  // The type checker needs the file on disk; what is planted here needs no types.
  const withoutTypes = new ESLint({
    cwd: root,
    overrideConfig: [
      tseslint.configs.disableTypeChecked,
      { languageOptions: { parserOptions: { projectService: false } } },
    ],
  });

  async function reportedRules(eslint: ESLint, file: string, code: string): Promise<(string | null)[]> {
    const [result] = await eslint.lintText(code, { filePath: path.join(root, file) });
    return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
  }

  for (const [file, code, rule] of VIOLATIONS) {
    it(`reports ${rule} in ${file}: ${code.split("\n")[0]}`, async () => {
      assert.ok((await reportedRules(withoutTypes, file, code)).includes(rule));
    });
  }

  for (const [file, code] of ALLOWED) {
    it(`allows in ${file}: ${code.split("\n")[0]}`, async () => {
      assert.deepEqual(await reportedRules(withoutTypes, file, code), []);
    });
  }

  it("reports what only types tell: a promise that nobody waits for", async function () {
    this.timeout(30_000);
    const code = "async function save(): Promise<void> {}\nsave();\n";
    const rules = await reportedRules(new ESLint({ cwd: root }), "src/errors.ts", code);
    assert.deepEqual(rules, ["@typescript-eslint/no-floating-promises"]);
  });

  it("sees every source file, with the rules that need types", async function () {
    this.timeout(30_000);
    const eslint = new ESLint({ cwd: root });
    const seen = (await withoutTypes.lintFiles(["src"])).map(({ filePath }) => filePath);
    const files = globSync("src/**/*.ts", { cwd: root }).map((file) => path.join(root, file));
    assert.deepEqual(seen.sort(), files.sort());
    assert.ok(seen.length > 50, `only ${seen.length} files`);
    for (const file of [...files, path.join(root, "test/dev/start.ts"), path.join(root, "bench/main.ts")]) {
      const config = await eslint.calculateConfigForFile(file);
      assert.equal(config.rules["@typescript-eslint/no-floating-promises"]?.[0], 2, file);
    }
  });
});
