import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JsonObject } from "../../../../src/model/json.ts";
import { luaPattern } from "../../../doubles/kong/schema/lua-pattern.ts";
import { Table } from "../../../doubles/kong/store/table.ts";
import { prettyLine, prettyNested } from "../../../doubles/kong/pretty.ts";

const SHAPE = { name: "t", unique: ["name"], compositeKey: [], references: ["parent"] };

describe("doubles/kong: table", () => {
  const row = fc.record({
    id: fc.constantFrom("a", "b", "c", "d", "e"),
    name: fc.option(fc.constantFrom("x", "y", "z"), { nil: null }),
    tags: fc.option(fc.uniqueArray(fc.constantFrom("t", "u")), { nil: null }),
    parent: fc.option(fc.constantFrom({ id: "p" }, { id: "q" }), { nil: null }),
  });
  const step = fc.oneof(
    row.map((value) => ({ put: value })),
    fc.constantFrom("a", "b", "c", "d", "e").map((id) => ({ remove: id })),
  );

  it("finds by id, tag and parent exactly what a look at every row finds", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new Table(SHAPE);
        const rows = new Map<string, JsonObject>();
        for (const action of steps) {
          if ("put" in action) {
            table.put(action.put);
            rows.set(action.put.id, action.put);
          } else {
            table.remove(action.remove);
            rows.delete(action.remove);
          }
        }
        const ids = [...rows.keys()].sort();
        assert.deepEqual(table.idsAfter(undefined, 100), ids);
        assert.deepEqual(table.idsAfter("b", 2), ids.filter((id) => id > "b").slice(0, 2));
        for (const tag of ["t", "u"]) {
          const tagged = ids.filter((id) => (rows.get(id)?.["tags"] as string[] | null)?.includes(tag));
          assert.deepEqual([...table.taggedIds(tag)].sort(), tagged);
        }
        for (const parent of ["p", "q"]) {
          const children = ids.filter((id) => (rows.get(id)?.["parent"] as JsonObject | null)?.["id"] === parent);
          assert.deepEqual([...table.childIds("parent", parent)].sort(), children);
        }
      }),
    );
  });
});

describe("doubles/kong: text", () => {
  it("reads the patterns of Kong's schemas", () => {
    const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
      ["^%u+$", "GET", true],
      ["^%u+$", "Get", false],
      ["^[^*]*%*?[^*]*$", "*.a", true],
      ["^[^*]*%*?[^*]*$", "*.*", false],
      ["^[a-z][a-z%d-]-[a-z%d]+$", "my-vault", true],
      ["^[a-z][a-z%d-]-[a-z%d]+$", "My-vault", false],
      ["^[%a_-][%a%d_-]*$", "KX_1", true],
      ["^~/", "~/x", true],
    ];
    for (const [pattern, text, matches] of cases)
      assert.equal(luaPattern(pattern).test(text), matches, `${pattern} ${text}`);
  });

  it("prints tables as Kong does, keys sorted and gaps numbered", () => {
    assert.equal(prettyLine({ name: "a", id: null, list: [1, "b"] }), '{id=null,list={1,"b"},name="a"}');
    assert.equal(prettyLine({ "@entity": ["x"], paths: [null, "y"] }), '{["@entity"]={"x"},paths={[2]="y"}}');
    assert.equal(prettyNested({ a: { b: "c" } }), '{\n  a = {\n    b = "c"\n  }\n}');
  });
});
