import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { planKong, type ActualEntity } from "../../../src/plan/kong.ts";
import { actual, desired } from "./entities.ts";

const compare = (wanted: KongEntity, found: ActualEntity): { path: string }[] =>
  isDeepStrictEqual(wanted.fields, found.fields) && wanted.part === found.part ? [] : [{ path: "fields" }];

function plan(wanted: KongEntity[], found: ActualEntity[]): string[] {
  return planKong({ desired: wanted, actual: found, compare }).map(
    ({ action, entity }) => `${action} ${entity.type} ${entity.id}`,
  );
}

const service = { service: { id: "s" } };
const consumer = { consumer: { id: "c" } };

const CASES: { title: string; desired: KongEntity[]; actual: ActualEntity[]; plan: string[] }[] = [
  { title: "does nothing where nothing is wanted and nothing is there", desired: [], actual: [], plan: [] },
  {
    title: "does nothing where Kong holds what is wanted",
    desired: [desired("services", "s", { host: "h" })],
    actual: [actual("services", "s", { host: "h" })],
    plan: [],
  },
  {
    title: "creates down the graph, whatever order the entities are given in",
    desired: [
      desired("plugins", "p", { name: "cors", ...service, ...consumer }),
      desired("routes", "r", service),
      desired("consumers", "c"),
      desired("services", "s", { client_certificate: { id: "cert" } }),
      desired("certificates", "cert"),
    ],
    actual: [],
    plan: [
      "create certificates cert",
      "create services s",
      "create routes r",
      "create consumers c",
      "create plugins p",
    ],
  },
  {
    title: "deletes routes before their service",
    desired: [],
    actual: [actual("services", "s"), actual("routes", "r", service)],
    plan: ["delete routes r", "delete services s"],
  },
  {
    title: "leaves to Kong what it removes together with its parent",
    desired: [],
    actual: [
      actual("consumers", "c"),
      actual("keyauth_credentials", "k", { key: "1", ...consumer }),
      actual("plugins", "p", { name: "cors", ...consumer }),
    ],
    plan: ["delete consumers c"],
  },
  {
    title: "deletes a child whose parent stays",
    desired: [desired("consumers", "c")],
    actual: [actual("consumers", "c"), actual("keyauth_credentials", "k", { key: "1", ...consumer })],
    plan: ["delete keyauth_credentials k"],
  },
  {
    title: "puts a service's plugin after the service's routes, for Kong checks its protocols against them",
    desired: [
      desired("plugins", "p", { name: "cors", ...service }),
      desired("routes", "r", service),
      desired("services", "s"),
    ],
    actual: [],
    plan: ["create services s", "create routes r", "create plugins p"],
  },
  {
    title: "keeps the id of an adopted entity, which its part finds",
    desired: [desired("services", "ours", { host: "new" }, "")],
    actual: [actual("services", "theirs", { host: "old" }, "")],
    plan: ["update services theirs"],
  },
  {
    title: "creates the rotated credential before it deletes the old one",
    desired: [desired("keyauth_credentials", "new", { key: "2", ...consumer })],
    actual: [actual("keyauth_credentials", "old", { key: "1", ...consumer })],
    plan: ["create keyauth_credentials new", "delete keyauth_credentials old"],
  },
  {
    title: "updates in place where only the part has another name, because the key can exist only once",
    desired: [desired("keyauth_credentials", "new", { key: "1", ...consumer })],
    actual: [actual("keyauth_credentials", "old", { key: "1", ...consumer })],
    plan: ["update keyauth_credentials old"],
  },
  {
    title: "replaces a target whose address has changed",
    desired: [desired("targets", "t", { target: "10.0.0.2:80", upstream: { id: "u" } })],
    actual: [actual("targets", "t", { target: "10.0.0.1:80", upstream: { id: "u" } })],
    plan: ["delete targets t", "create targets t"],
  },
  {
    title: "updates a target whose address only looks different",
    desired: [desired("targets", "t", { target: "[::1]:80", weight: 5, upstream: { id: "u" } })],
    actual: [actual("targets", "t", { target: "[0000:0000:0000:0000:0000:0000:0000:0001]:80", upstream: { id: "u" } })],
    plan: ["update targets t"],
  },
  {
    title: "gives up a name before another entity takes it",
    desired: [desired("routes", "a", { name: "one" }), desired("routes", "b", { name: "two" })],
    actual: [actual("routes", "b", { name: "one" })],
    plan: ["update routes b", "create routes a"],
  },
  {
    title: "lets go of a service before the service goes",
    desired: [desired("routes", "r", { service: { id: "s2" } }), desired("services", "s2")],
    actual: [actual("services", "s1"), actual("routes", "r", { service: { id: "s1" } })],
    plan: ["create services s2", "update routes r", "delete services s1"],
  },
  {
    title: "still plans where two entities swap their names",
    desired: [desired("routes", "a", { name: "two" }), desired("routes", "b", { name: "one" })],
    actual: [actual("routes", "a", { name: "one" }), actual("routes", "b", { name: "two" })],
    plan: ["update routes a", "update routes b"],
  },
];

describe("plan/kong", () => {
  for (const { title, desired: wanted, actual: found, plan: expected } of CASES) {
    it(title, () => assert.deepEqual(plan(wanted, found), expected));
  }

  it("names what each operation needs", () => {
    const operations = planKong({
      desired: [desired("services", "s"), desired("routes", "r1", service), desired("routes", "r2", service)],
      actual: [],
      compare,
    });
    assert.deepEqual(
      operations.map(({ after }) => after),
      [[], [0], [0]],
    );
  });

  it("lets nothing wait for what is there already", () => {
    const [operation] = planKong({
      desired: [desired("services", "s"), desired("routes", "r", service)],
      actual: [actual("services", "s")],
      compare,
    });
    assert.deepEqual(operation?.after, []);
  });

  it("plans a thousand targets without looking at each for each", () => {
    const targets = Array.from({ length: 1000 }, (_, index) =>
      desired("targets", `t${index}`, { target: `10.0.${index >> 8}.${index & 255}:80`, upstream: { id: "u" } }),
    );
    const startedAt = performance.now();
    assert.equal(planKong({ desired: [desired("upstreams", "u"), ...targets], actual: [], compare }).length, 1001);
    assert.ok(performance.now() - startedAt < 5_000);
  });
});
