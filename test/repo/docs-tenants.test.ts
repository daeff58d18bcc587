import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PLUGIN_TABLE } from "../../src/tenancy/plugin-table.ts";

describe("docs/tenants.md", () => {
  const text = readFileSync(new URL("../../docs/tenants.md", import.meta.url), "utf8");
  const section = text.slice(text.indexOf("\n## Plugins\n"), text.indexOf("\n## When a right ends\n"));
  const [intro = "", table = ""] = section.split(/(?=^\| closed)/m);

  it("lists just the plugins that are open to every tenant", () => {
    const open = Object.keys(PLUGIN_TABLE).filter((name) => PLUGIN_TABLE[name]?.open);
    assert.deepEqual(wordsIn(intro).sort(), open.sort());
  });

  it("names every plugin and every field of one that is closed", () => {
    const named = new Set(wordsIn(table));
    const closed = Object.entries(PLUGIN_TABLE).flatMap(([name, { open, except = [] }]) => (open ? except : [name]));
    assert.deepEqual(
      closed.filter((name) => !named.has(name)),
      [],
    );
  });
});

function wordsIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
}
