import assert from "node:assert/strict";
import { KongRejectedError } from "../../../../src/errors.ts";
import { findCulprits } from "../../../../src/kong/dbless/bisect.ts";
import { makeConsistent, type Candidate } from "../../../../src/kong/dbless/consistency.ts";
import { EMPTY_HASH, writeDocument, type DocumentEntity } from "../../../../src/kong/dbless/document.ts";
import type { JsonObject } from "../../../../src/model/json.ts";
import type { KongEntityType } from "../../../../src/model/kong-entity.ts";

function make(type: KongEntityType, id: string, fields: JsonObject, version = "1"): DocumentEntity {
  const owner = { kind: "Kind", namespace: "team", name: id };
  return { type, id, owner, part: "", fields, version: `${id} ${version}`, desiredHash: "", secretPaths: [] };
}

const service = (id: string, name = id): DocumentEntity => make("services", id, { name, host: "h" });
const route = (id: string, serviceId: string, version?: string): DocumentEntity =>
  make("routes", id, { name: id, service: { id: serviceId } }, version);

function candidates(...all: readonly Partial<Candidate>[]): Map<string, Candidate> {
  return new Map(
    all.map((one) => {
      const candidate = { wanted: undefined, loaded: undefined, createdAt: "", ...one };
      return [(candidate.wanted ?? candidate.loaded)!.id, candidate];
    }),
  );
}

const refusing =
  (...versions: readonly string[]) =>
  (entity: DocumentEntity): KongRejectedError | undefined =>
    versions.includes(entity.version) ? new KongRejectedError("Rejected", "refused", { status: 400 }) : undefined;

describe("kong/dbless: what goes into one document", () => {
  const outcome = (all: Map<string, Candidate>, ...refused: readonly string[]) => {
    const { entities, setbacks } = makeConsistent(all, refusing(...refused));
    return {
      in: [...entities.values()].map(({ version }) => version).sort(),
      out: Object.fromEntries([...setbacks].map(([id, { error }]) => [id, error.reason])),
    };
  };

  it("is what the objects ask for, where nothing speaks against it", () => {
    const all = candidates({ wanted: service("s") }, { wanted: route("r", "s") }, { loaded: service("gone") });
    assert.deepEqual(outcome(all), { in: ["r 1", "s 1"], out: {} });
  });

  it("is not what Kong refused, nor what refers to it, and what refers to that", () => {
    const plugin = make("plugins", "p", { name: "cors", route: { id: "r" } });
    const all = candidates({ wanted: plugin }, { wanted: route("r", "s") }, { wanted: service("s") });
    assert.deepEqual(outcome(all, "s 1"), { in: [], out: { s: "Rejected", r: "RefNotReady", p: "RefNotReady" } });
  });

  it("is the last good version of what Kong refused", () => {
    const all = candidates(
      { wanted: service("s"), loaded: service("s") },
      { wanted: route("r", "s", "2"), loaded: route("r", "s") },
    );
    assert.deepEqual(outcome(all, "r 2"), { in: ["r 1", "s 1"], out: { r: "Rejected" } });
  });

  it("leaves a name with who has it, and gives one that is free to the older object", () => {
    const held = service("b", "x");
    assert.deepEqual(outcome(candidates({ wanted: service("a", "x") }, { wanted: held, loaded: held })), {
      in: ["b 1"],
      out: { a: "Conflict" },
    });
    const free = candidates(
      { wanted: service("young", "x"), createdAt: "2026-02-01T00:00:00Z" },
      { wanted: service("old", "x"), createdAt: "2026-01-01T00:00:00Z" },
    );
    assert.deepEqual(outcome(free), { in: ["old 1"], out: { young: "Conflict" } });
  });

  it("names to all who lost a name the one who has it in the end", () => {
    const rivals = ["2026-03", "2026-02", "2026-01"].map((month) => ({
      wanted: service(`of-${month}`, "x"),
      createdAt: `${month}-01T00:00:00Z`,
    }));
    const { setbacks } = makeConsistent(candidates(...rivals), refusing());
    for (const id of ["of-2026-03", "of-2026-02"]) assert.match(setbacks.get(id)?.error.message ?? "", /of-2026-01$/);
  });

  it("takes a name back from who relied on it being given up, where that is refused", () => {
    const before = make("services", "a", { name: "x", host: "h" });
    const renamed = make("services", "a", { name: "y", host: "h" }, "2");
    const all = candidates({ wanted: renamed, loaded: before }, { wanted: service("b", "x") });
    assert.deepEqual(outcome(all), { in: ["a 2", "b 1"], out: {} });
    assert.deepEqual(outcome(all, "a 2"), { in: ["a 1"], out: { a: "Rejected", b: "Conflict" } });
  });
});

describe("kong/dbless: a document's text", () => {
  it("is the same whatever order its entities come in, with references by id", () => {
    const [s, r] = [service("s"), route("r", "s")];
    const one = writeDocument(new Map([s, r].map((each) => [each.id, each])));
    const other = writeDocument(new Map([r, s].map((each) => [each.id, each])));
    assert.deepEqual(one, other);
    assert.deepEqual((JSON.parse(one.text) as { routes: unknown }).routes, [{ id: "r", name: "r", service: "s" }]);
  });

  it("has the hash that Kong has for nothing where it holds nothing", () => {
    assert.equal(writeDocument(new Map()).hash, EMPTY_HASH);
  });

  it("has a certificate's SNIs as entities, and what is left of a time to live", () => {
    const certificate = make("certificates", "c", { cert: "…", snis: ["a.test"] });
    const key = make("keyauth_credentials", "k", { key: "x", consumer: { id: "u" } });
    const { text } = writeDocument(new Map([certificate, key].map((each) => [each.id, each])), (id) =>
      id === "k" ? 60 : undefined,
    );
    const { certificates, keyauth_credentials: keys } = JSON.parse(text) as Record<string, JsonObject[]>;
    assert.deepEqual(certificates?.[0]?.["snis"], [{ name: "a.test" }]);
    assert.deepEqual(keys?.[0], { id: "k", key: "x", consumer: "u", ttl: 60 });
  });
});

describe("kong/dbless: finding out whom Kong does not take", () => {
  for (const bad of [[], [0], [99], [3, 50], [10, 11, 12]]) {
    it(`finds ${bad.length === 0 ? "nobody" : bad.join(" and ")} among 100`, async () => {
      let trials = 0;
      const suspects = Array.from({ length: 100 }, (_, index) => index);
      const culprits = await findCulprits(suspects, (included) => {
        trials++;
        return Promise.resolve(included.some((each) => bad.includes(each)) ? "no" : undefined);
      });
      assert.deepEqual(
        culprits.map(({ suspect }) => suspect),
        bad,
      );
      assert.ok(trials <= 1 + bad.length * 2 * Math.ceil(Math.log2(100)), `${trials} trials`);
    });
  }
});
