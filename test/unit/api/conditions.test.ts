import assert from "node:assert/strict";
import { capMessage, MAX_MESSAGE_LENGTH } from "../../../src/api/conditions.ts";

describe("api/conditions", () => {
  it("leaves a message alone that is as long as it may be", () => {
    const message = "m".repeat(MAX_MESSAGE_LENGTH);
    assert.equal(capMessage(message), message);
  });

  it("cuts a longer message and marks the cut", () => {
    const capped = capMessage("m".repeat(MAX_MESSAGE_LENGTH + 1));
    assert.equal(capped.length, MAX_MESSAGE_LENGTH);
    assert.ok(capped.endsWith("m…"));
  });
});
