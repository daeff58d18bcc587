import assert from "node:assert/strict";
import type { KongEntity, Lifetime } from "../../../src/model/kong-entity.ts";
import { secondsLeft, withoutExpired } from "../../../src/plan/lifetime.ts";

const key = (id: string, lifetime?: Lifetime): KongEntity => ({
  type: "keyauth_credentials",
  id,
  fields: {},
  owner: { kind: "KongConsumer", namespace: "team-a", name: "app" },
  part: id,
  ...(lifetime ? { lifetime } : {}),
});

describe("plan/lifetime", () => {
  it("leaves out what has ended, and says when the next one ends", () => {
    const entities = [
      key("for ever"),
      key("ended", { seconds: 1, since: 0 }),
      key("later", { seconds: 9, since: 0 }),
      key("soon", { seconds: 5, since: 0 }),
      key("from its write on", { seconds: 1 }),
    ];
    const { living, nextEndMs } = withoutExpired(entities, 1000);
    assert.deepEqual(
      living.map(({ id }) => id),
      ["for ever", "later", "soon", "from its write on"],
    );
    assert.equal(nextEndMs, 4000);
  });

  it("says nothing of a next end where nothing ends", () => {
    assert.equal(withoutExpired([key("for ever")], 0).nextEndMs, undefined);
  });

  it("tells Kong the seconds that are left, never 0, which would be no end", () => {
    assert.equal(secondsLeft({ seconds: 60, since: 1000 }, 11_500), 50);
    assert.equal(secondsLeft({ seconds: 60, since: 1000 }, 60_999), 1);
    assert.equal(secondsLeft({ seconds: 60 }, 60_999), 60);
  });
});
