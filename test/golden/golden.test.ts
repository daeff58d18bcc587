import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { KONG_KINDS } from "../../src/controllers/kong-kinds.ts";
import { translateCase } from "./golden.ts";

/*
 * To add a case
 * 1. Make a folder cases/<kind>-<what it shows>/ with in.yaml: manifests as a person would write them, Secrets with
 *    stringData among them. Its first line is a comment: the sentence that becomes the test's name.
 *    A namespace that is left out is team-a. A KongGateway is needed only for its naming.
 * 2. To show what a change writes, put the manifests as they stood before into before.yaml beside it.
 * 3. KJO_GOLDEN_UPDATE=1 npm run test:unit -- --grep golden   writes out.yaml.
 * 4. Read out.yaml as if somebody else had written it: from then on it is what is right.
 *
 * out.yaml holds the entities of each object, or its error, and what has to be written to come from before.yaml (or from
 * nothing) to in.yaml. A change of the code that changes an out.yaml shows in its diff what it does to users.
 */
const CASES = new URL("cases/", import.meta.url);
const IS_UPDATE = process.env["KJO_GOLDEN_UPDATE"] === "1";

describe("golden: manifests -> entities and plan", () => {
  const names = readdirSync(CASES).sort();

  for (const name of names) {
    const folder = new URL(`${name}/`, CASES);
    const manifests = readFileSync(new URL("in.yaml", folder), "utf8");
    const title = /^# (.+)$/m.exec(manifests)?.[1];

    it(`${name}: ${title}`, () => {
      assert.ok(title, "in.yaml begins with a comment that says what it shows");
      const before = new URL("before.yaml", folder);
      const golden = translateCase(manifests, existsSync(before) ? readFileSync(before, "utf8") : undefined);
      const out = new URL("out.yaml", folder);
      if (IS_UPDATE) writeFileSync(out, stringify(golden, { lineWidth: 0, aliasDuplicateObjects: false }));
      assert.ok(existsSync(out), "there is no out.yaml yet: see the comment above");
      assert.deepEqual(golden, parse(readFileSync(out, "utf8")));
    });
  }

  it("has cases of every kind", () => {
    const missing = KONG_KINDS.map(({ definition }) => definition.singular.replace(/^kong/, "")).filter(
      (kind) => !names.some((name) => name.startsWith(`${kind}-`)),
    );
    assert.deepEqual(missing, []);
  });
});
