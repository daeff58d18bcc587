import assert from "node:assert/strict";
import { PLUGIN_TABLE } from "../../../src/tenancy/plugin-table.ts";
import { loadCatalog } from "../../doubles/kong/schema/catalog.ts";

/** What runs code, touches files or leaves the tenant's own routes. */
const CLOSED = [
  "acme",
  "ai-proxy",
  "aws-lambda",
  "datadog",
  "file-log",
  "grpc-gateway",
  "post-function",
  "pre-function",
  "prometheus",
  "proxy-cache",
  "session",
  "statsd",
  "syslog",
];

describe("tenancy/plugin-table", () => {
  it("decides each plugin that Kong brings along, and no other", () => {
    const bundled = loadCatalog("traditional_compatible").entities.get("plugins")?.variants?.shown.keys() ?? [];
    assert.deepEqual(Object.keys(PLUGIN_TABLE).sort(), [...bundled].sort());
  });

  for (const name of CLOSED) it(`closes ${name}`, () => assert.equal(PLUGIN_TABLE[name]?.open, false));

  it("says why of all that is closed", () => {
    const silent = Object.entries(PLUGIN_TABLE).filter(([, { open, except, why }]) => (!open || except) && !why);
    assert.deepEqual(silent, []);
  });
});
