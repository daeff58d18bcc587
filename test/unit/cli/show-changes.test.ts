import assert from "node:assert/strict";
import { changeLine, failureLine, resultJson, summary } from "../../../src/cli/show-changes.ts";
import { painter } from "../../../src/cli/terminal.ts";
import type { Change, SetResult } from "../../../src/offline/run-set.ts";

const plain = (_colour: string, text: string): string => text;

const change = (over: Partial<Change>): Change => ({
  action: "update",
  type: "services",
  id: "1",
  name: "users",
  object: "KongService/team-a/users",
  fields: [],
  ...over,
});

const LINES: readonly (readonly [Partial<Change>, string])[] = [
  [{ action: "create" }, "+ services users (KongService/team-a/users)"],
  [{ action: "delete" }, "- services users (KongService/team-a/users)"],
  [
    { fields: [{ path: "retries", before: 3, after: 5, isSecret: false }] },
    "~ services users (KongService/team-a/users): retries 3 → 5",
  ],
  [
    { fields: [{ path: "path", before: undefined, after: "/v1", isSecret: false }] },
    '~ services users (KongService/team-a/users): path null → "/v1"',
  ],
  [
    {
      fields: [
        { path: "key", before: "canary", after: "canary", isSecret: true },
        { path: "host", isSecret: true },
      ],
    },
    "~ services users (KongService/team-a/users): key, host",
  ],
  [{ action: "adopt" }, "~ services users (KongService/team-a/users): taken over"],
  [
    { action: "adopt", fields: [{ path: "tags", before: ["a"], after: ["kjo.instance:x", "a"], isSecret: false }] },
    '~ services users (KongService/team-a/users): taken over, tags ["a"] → ["a"]',
  ],
  [
    { fields: [{ path: "*", isSecret: true }] },
    "~ services users (KongService/team-a/users): anew, because its answer was lost",
  ],
];

describe("cli/show-changes", () => {
  for (const [given, line] of LINES) {
    it(`writes ${line}`, () => {
      assert.equal(changeLine(change(given), plain), line);
    });
  }

  const failure = { object: "KongRoute/a/b", source: "r.yaml", reason: "Rejected", message: "no" };
  const result = (over: Partial<SetResult>): SetResult => ({
    changes: [],
    failures: [],
    notes: [],
    objects: 2,
    ...over,
  });

  it("sums up what was found, what was done and what failed", () => {
    const changes = [change({ action: "create" }), change({ action: "adopt" }), change({ action: "delete" })];
    assert.equal(summary(result({}), false), "2 objects: no difference");
    assert.equal(summary(result({ objects: 1, changes }), false), "1 object: 1 to create, 1 to change, 1 to remove");
    assert.equal(
      summary(result({ changes, failures: [failure] }), true),
      "2 objects: 1 created, 1 changed, 1 removed; 1 failed",
    );
    assert.equal(failureLine(failure, plain), "! KongRoute/a/b (r.yaml): Rejected: no");
  });

  it("gives machines the same, and no value that may be secret", () => {
    const fields = [
      { path: "key", before: "canary", after: "canary", isSecret: true },
      { path: "retries", before: 3, after: 5, isSecret: false },
    ];
    const [first] = (resultJson(result({ changes: [change({ fields })] })) as { changes: Change[] }).changes;
    assert.deepEqual(first?.fields, [{ path: "key" }, { path: "retries", before: 3, after: 5 }]);
  });

  it("colours on a terminal only", () => {
    assert.equal(painter({ isTTY: true })("red", "x"), process.env["NO_COLOR"] ? "x" : "\u001b[31mx\u001b[0m");
    assert.equal(painter({})("red", "x"), "x");
  });
});
