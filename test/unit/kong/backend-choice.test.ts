import assert from "node:assert/strict";
import { BackendChoice } from "../../../src/kong/backend-choice.ts";
import { DEFAULT_RETRY_TIMES } from "../../../src/kong/lifecycle.ts";

type Session = ConstructorParameters<typeof BackendChoice>[0];
type Options = ConstructorParameters<typeof BackendChoice>[1];

describe("kong/backend-choice", () => {
  const choice = (loadedHash: string | undefined, isMirrored = false): BackendChoice =>
    new BackendChoice({ isMirrored } as Session, { loadedHash } as Options);

  it("looks at a gateway without a database often while it is away, at one with a database more and more rarely", () => {
    assert.equal(choice(undefined).retryTimes().maxMs, DEFAULT_RETRY_TIMES.maxMs);
    assert.equal(choice("1234").retryTimes().maxMs, 2_000);
    assert.equal(choice("1234").retryTimes({ baseMs: 1, maxMs: 5, recheckMs: 7 }).maxMs, 5);
  });

  it("believes the gateway, once that has said which kind it is, more than what the status said of an earlier one", () => {
    assert.equal(choice("1234", true).retryTimes().maxMs, DEFAULT_RETRY_TIMES.maxMs);
  });
});
