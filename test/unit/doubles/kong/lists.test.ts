import assert from "node:assert/strict";
import type { KongDouble } from "../../../doubles/kong/double.ts";
import { startKongDouble } from "../../../doubles/kong/double.ts";
import type { Answer } from "./admin-client.ts";
import { namesOf, send } from "./admin-client.ts";

describe("doubles/kong: lists", () => {
  let kong: KongDouble;
  const call = (method: string, path: string, body?: Parameters<typeof send>[3]): Promise<Answer> =>
    send(kong.adminUrl, method, path, body);

  before(async () => {
    kong = await startKongDouble();
    for (let n = 0; n < 12; n++) {
      const tags = ["all", n % 2 === 0 ? "even" : "odd", `n${String(n)}`];
      await call("PUT", `/services/s${String(n)}`, { host: "a.test", tags });
    }
  });

  after(async () => {
    await kong.stop();
  });

  it("are ordered by id", async () => {
    const { body } = await call("GET", "/services");
    const ids = (body["data"] as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(ids, [...ids].sort());
    assert.equal(body["next"], null);
    assert.equal("offset" in body, false);
  });

  it("go on page by page, with size and tags in next", async () => {
    const seen: unknown[] = [];
    let next: unknown = "/services?size=5&tags=all";
    while (typeof next === "string") {
      const page = await call("GET", next);
      seen.push(...namesOf(page));
      next = page.body["next"];
      assert.ok(next === null || /&tags=all&size=5$/.test(String(next)), String(next));
    }
    assert.equal(new Set(seen).size, 12);
    assert.equal(seen.length, 12);
  });

  it("stay whole while what is listed goes away", async () => {
    const first = await call("GET", "/services?size=4");
    const last = namesOf(first).at(-1);
    const gone = (await call("GET", `/services/${String(last)}`)).body;
    await call("DELETE", `/services/${String(last)}`);
    const second = await call("GET", `/services?size=100&offset=${String(first.body["offset"])}`);
    assert.equal(namesOf(second).length, 8);
    await call("PUT", `/services/${String(last)}`, gone);
  });

  const FILTERS: readonly (readonly [query: string, expected: number])[] = [
    ["tags=odd", 6],
    ["tags=all,odd", 6],
    ["tags=n1/n2", 2],
    ["tags=odd,even", 0],
    ["tags=nobody", 0],
    ["name=s1", 12],
    ["sort_by=name", 12],
  ];
  for (const [query, expected] of FILTERS) {
    it(`hold ${String(expected)} for ?${query}`, async () => {
      assert.equal(namesOf(await call("GET", `/services?${query}`)).length, expected);
    });
  }

  const REFUSALS: readonly (readonly [query: string, code: number, message: string])[] = [
    ["size=0", 9, "size must be an integer between 1 and 1000"],
    ["size=1001", 9, "size must be an integer between 1 and 1000"],
    ["size=many", 9, "size must be a number"],
    ["offset=abc", 7, "'abc' is not a valid offset: bad json encoding"],
    ["tags=a,b/c", 11, "invalid option (tags: invalid filter syntax)"],
    ["tags=", 11, "invalid option (tags: cannot be null)"],
  ];
  for (const [query, code, message] of REFUSALS) {
    it(`refuse ?${query}`, async () => {
      const { status, body } = await call("GET", `/services?${query}`);
      assert.deepEqual([status, body["code"], body["message"]], [400, code, message]);
    });
  }

  it("name the entity of every tag", async () => {
    const { body } = await call("GET", "/tags/n3");
    const shown = body["data"] as { entity_name: string; tag: string }[];
    assert.deepEqual(
      shown.map(({ entity_name, tag }) => [entity_name, tag]),
      [["services", "n3"]],
    );
    assert.equal(((await call("GET", "/tags?size=1000")).body["data"] as unknown[]).length >= 35, true);
  });

  it("find consumers by custom_id only", async () => {
    await call("PUT", "/consumers/ann", { custom_id: "c-1" });
    await call("PUT", "/consumers/ben", {});
    assert.deepEqual(namesOf(await call("GET", "/consumers?custom_id=c-1")), ["ann"]);
    assert.deepEqual(namesOf(await call("GET", "/consumers?custom_id=c-2")), []);
    assert.equal(namesOf(await call("GET", "/consumers?username=ann")).length, 2);
  });
});
