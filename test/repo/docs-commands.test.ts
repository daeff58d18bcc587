import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { CRON_USAGE } from "../../src/cli/cron.ts";
import { DIFF_USAGE, SYNC_USAGE } from "../../src/cli/diff-sync.ts";
import { DOCTOR_USAGE } from "../../src/cli/doctor.ts";
import { EXPORT_USAGE } from "../../src/cli/export.ts";
import { IMPORT_USAGE } from "../../src/cli/import.ts";
import { RUN_USAGE } from "../../src/cli/run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = globSync("{*.md,docs/*.md}", { cwd: ROOT });
const USAGES: Readonly<Record<string, string>> = {
  run: RUN_USAGE,
  doctor: DOCTOR_USAGE,
  cron: CRON_USAGE,
  diff: DIFF_USAGE,
  sync: SYNC_USAGE,
  export: EXPORT_USAGE,
  import: IMPORT_USAGE,
};

interface Use {
  readonly command: string;
  readonly flags: readonly string[];
}

describe("commands in the documentation", () => {
  for (const page of PAGES) {
    const uses = usesIn(readFileSync(path.join(ROOT, page), "utf8"));
    if (uses.length === 0) continue;
    it(`of ${page} have the options that are shown (${uses.length})`, () => {
      assert.deepEqual(uses.flatMap(unknownIn), []);
    });
  }

  it("are all in the table of docs/commands.md", () => {
    const table = readFileSync(path.join(ROOT, "docs/commands.md"), "utf8").match(/^\| .*`kjo .*$/gm) ?? [];
    assert.deepEqual(
      Object.keys(USAGES).filter((command) => !table.some((row) => row.includes(`\`kjo ${command}\``))),
      [],
    );
  });

  it("are found in code and in texts, and an option that does not exist is told", () => {
    const text =
      "Ask `kjo doctor --fast`.\n\n    kubectl get x | kjo diff -f - --prune # as --kong\n\n    kjo sync -f a --bad";
    const uses = usesIn(text);
    assert.deepEqual(uses, [
      { command: "doctor", flags: ["--fast"] },
      { command: "diff", flags: ["-f", "--prune"] },
      { command: "sync", flags: ["-f", "--bad"] },
    ]);
    assert.deepEqual(uses.flatMap(unknownIn), ["kjo doctor --fast", "kjo sync --bad"]);
  });
});

function usesIn(text: string): Use[] {
  const found = text.matchAll(/(?:`|^ {4}(?:.*\| )?)kjo ([a-z]+)([^`\n#]*)/gm);
  return [...found].map(([, command = "", rest = ""]) => ({
    command,
    flags: [...rest.replaceAll(/"[^"]*"|'[^']*'/g, "").matchAll(/(?<=\s)--?[a-zA-Z][\w-]*/g)].map(([flag]) => flag),
  }));
}

function unknownIn({ command, flags }: Use): string[] {
  if (command === "version" || command === "help") return [];
  const usage = USAGES[command];
  if (usage === undefined) return [`kjo ${command}`];
  const known = new Set([...usage.matchAll(/(?<=[\s,(])--?[a-zA-Z][\w-]*/g)].map(([flag]) => flag));
  return flags.filter((flag) => !known.has(flag) && flag !== "--help").map((flag) => `kjo ${command} ${flag}`);
}
