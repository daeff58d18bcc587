import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { RUN_OPTIONS } from "../../src/config.ts";

describe("docs/configuration.md", () => {
  it("lists just the flags and variables that kjo run has", () => {
    const text = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `--([\w-]+)`\s*\| `(\w+)`\s*\|/gm)].map(([, flag, env]) => ({ flag, env }));
    assert.deepEqual(
      rows,
      RUN_OPTIONS.map(({ flag, env }) => ({ flag, env })),
    );
  });
});
