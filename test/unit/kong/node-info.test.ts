import assert from "node:assert/strict";
import { parseNodeInfo } from "../../../src/kong/node-info.ts";

describe("kong/node-info", () => {
  const software = (node: string, plugins: Readonly<Record<string, string>>): string | undefined => {
    const available = Object.entries(plugins).map(([name, version]) => [name, { version, priority: 1 }] as const);
    const body = { version: "3.9.1", node_id: node, plugins: { available_on_server: Object.fromEntries(available) } };
    return parseNodeInfo(body)?.software;
  };

  it("tells another node, another plugin and another version of a plugin apart, whatever the order", () => {
    const known = software("a", { cors: "3.9.1", own: "1.0" });
    assert.equal(software("a", { own: "1.0", cors: "3.9.1" }), known);
    const others = [
      software("b", { cors: "3.9.1", own: "1.0" }),
      software("a", { cors: "3.9.1" }),
      software("a", { cors: "3.9.1", own: "1.1" }),
    ];
    assert.equal(new Set([known, ...others]).size, 4);
  });
});
