import assert from "node:assert/strict";
import type { KongGatewaySpec } from "../../../src/api/v1alpha1/kong-gateway.ts";
import { Gateways, type Gateway } from "../../../src/controllers/gateways.ts";
import { NotReadyError, RefNotFoundError, RefNotPermittedError } from "../../../src/errors.ts";
import { formatKey, type ObjectKey } from "../../../src/model/object-key.ts";

type Allowed = Partial<KongGatewaySpec["allowedNamespaces"]>;

const keyOf = (namespace: string, name = "default"): ObjectKey => ({ kind: "KongGateway", namespace, name });
const EDGE = keyOf("kong", "edge");

/** A world with these KongGateways and namespaces, of which EDGE is connected. */
function gateways(
  options: { allowed?: Allowed; labels?: Record<string, string>; others?: ObjectKey[] } = {},
): Gateways {
  const existing = [EDGE, ...(options.others ?? [])].map(formatKey);
  const all = new Gateways({
    exists: (key) => existing.includes(formatKey(key)),
    namespaceLabels: () => options.labels,
    readsNamespaces: false,
  });
  const spec = { allowedNamespaces: options.allowed } as KongGatewaySpec;
  all.set({ key: EDGE, spec, instance: "kong.edge", workspace: "" } as Gateway);
  return all;
}

describe("controllers/gateways", () => {
  it("takes the first candidate that exists, connected or not", () => {
    const all = gateways({ others: [keyOf("team-a")] });
    assert.deepEqual(all.choose([keyOf("nowhere"), keyOf("team-a"), EDGE]), keyOf("team-a"));
    assert.equal(all.choose([keyOf("nowhere")]), undefined);
  });

  it("says which one is missing where one was named, and which two were looked for where none was", () => {
    const says = (candidates: ObjectKey[], message: RegExp): void =>
      assert.throws(
        () => gateways().resolve("team-a", candidates),
        (error) => error instanceof RefNotFoundError && message.test(error.message),
      );
    says([keyOf("team-a", "edge")], /^spec\.gatewayRef: KongGateway team-a\/edge does not exist$/);
    says([keyOf("team-a"), keyOf("operators")], /neither KongGateway team-a\/default nor operators\/default exists/);
  });

  it("waits for a gateway that exists and is not connected, and does not pass it over for the next", () => {
    const all = gateways({ others: [keyOf("team-a")] });
    assert.throws(() => all.resolve("kong", [keyOf("team-a"), EDGE]), NotReadyError);
  });

  const selector = (rest: NonNullable<Allowed["selector"]>): Allowed => ({ from: "Selector", selector: rest });
  const expression = (operator: "In" | "NotIn" | "Exists" | "DoesNotExist", values?: string[]): Allowed =>
    selector({ matchExpressions: [{ key: "tier", operator, ...(values ? { values } : {}) }] });
  const gold = { tier: "gold", team: "a" };

  const TABLE: readonly { title: string; allowed?: Allowed; labels?: Record<string, string>; takes: boolean }[] = [
    { title: "by default none but its own", takes: false },
    { title: "Same: none but its own", allowed: { from: "Same" }, takes: false },
    { title: "All: any", allowed: { from: "All" }, takes: true },
    { title: "an empty selector: any", allowed: selector({}), labels: {}, takes: true },
    {
      title: "the label that is asked for",
      allowed: selector({ matchLabels: { tier: "gold" } }),
      labels: gold,
      takes: true,
    },
    { title: "another value of it", allowed: selector({ matchLabels: { tier: "tin" } }), labels: gold, takes: false },
    {
      title: "one label of the two that are asked for",
      allowed: selector({ matchLabels: { tier: "gold", zone: "x" } }),
      labels: gold,
      takes: false,
    },
    { title: "In", allowed: expression("In", ["tin", "gold"]), labels: gold, takes: true },
    { title: "In without the label", allowed: expression("In", ["gold"]), labels: {}, takes: false },
    { title: "NotIn", allowed: expression("NotIn", ["gold"]), labels: gold, takes: false },
    { title: "NotIn without the label", allowed: expression("NotIn", ["gold"]), labels: {}, takes: true },
    { title: "Exists", allowed: expression("Exists"), labels: gold, takes: true },
    { title: "Exists without the label", allowed: expression("Exists"), labels: {}, takes: false },
    { title: "DoesNotExist", allowed: expression("DoesNotExist"), labels: gold, takes: false },
    { title: "DoesNotExist without the label", allowed: expression("DoesNotExist"), labels: {}, takes: true },
    {
      title: "labels and expressions, of which one does not hold",
      allowed: selector({
        matchLabels: { tier: "gold" },
        matchExpressions: [{ key: "team", operator: "DoesNotExist" }],
      }),
      labels: gold,
      takes: false,
    },
  ];
  for (const { title, allowed, labels, takes } of TABLE) {
    it(`${takes ? "takes" : "refuses"} an object of another namespace: ${title}`, () => {
      const all = gateways({ ...(allowed ? { allowed } : {}), ...(labels ? { labels } : {}) });
      if (takes) assert.equal(all.resolve("team-a", [EDGE]).instance, "kong.edge");
      else assert.throws(() => all.resolve("team-a", [EDGE]), RefNotPermittedError);
      assert.equal(all.resolve("kong", [EDGE]).instance, "kong.edge", "its own namespace always");
    });
  }

  it("says so where namespaces cannot be read", () => {
    assert.throws(() => gateways({ allowed: expression("Exists") }).resolve("team-a", [EDGE]), {
      reason: "NamespaceNotAllowed",
      message: /cannot read; use from: All$/,
    });
  });

  it("forgets a gateway that has gone", () => {
    const all = gateways();
    assert.deepEqual(
      all.all().map(({ key }) => key),
      [EDGE],
    );
    all.delete(EDGE);
    assert.equal(all.get(EDGE), undefined);
    assert.deepEqual(all.all(), []);
  });
});
