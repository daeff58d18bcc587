import assert from "node:assert/strict";
import { InvalidSpecError } from "../../../src/errors.ts";
import { kongConsumerTranslation } from "../../../src/translate/kong-consumer.ts";

describe("translate/credential", () => {
  it("refuses a ttl that is no number, which Kong would be sent as none: a key that lasts for ever", () => {
    const translate = (ttl: string) =>
      kongConsumerTranslation.translate(
        { credentials: [{ type: "key-auth", secretRef: { name: "key" } }] },
        {
          owner: { kind: "KongConsumer", namespace: "team-a", name: "app" },
          instance: "team-a.default",
          cluster: "c",
          defaultName: "team-a.app",
          idFor: (type, part = "") => `${type} ${part}`,
          idOf: () => "id",
          nameOf: () => "name",
          secret: () => ({ key: "a-key", ttl }),
        },
      );
    assert.equal(translate("3600").at(-1)?.fields["ttl"], 3600);
    assert.throws(
      () => translate("1h"),
      (error) => error instanceof InvalidSpecError && error.reason === "InvalidSecret" && !error.message.includes("1h"),
    );
  });
});
