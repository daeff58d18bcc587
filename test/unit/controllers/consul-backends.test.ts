import assert from "node:assert/strict";
import { observeConsul } from "../../../src/controllers/consul-backends.ts";
import { ConsulError } from "../../../src/discovery/consul-error.ts";
import type { ConsulQuery } from "../../../src/discovery/consul-query.ts";
import type { ConsulState } from "../../../src/discovery/consul-watch.ts";
import { OperatorError } from "../../../src/errors.ts";
import type { ConsulReference } from "../../../src/translate/translation.ts";

const OWNER = { kind: "KongUpstream", namespace: "team-a", name: "order" };
const ENDPOINT = { address: "10.0.0.1", port: 80, state: "ready" } as const;
const AWAY = new ConsulError("ConsulUnavailable", "it cannot be reached");

describe("controllers/consul-backends", () => {
  const asked: { follower: string; queries: readonly ConsulQuery[] }[] = [];
  beforeEach(() => void asked.splice(0));

  function observed(
    states: readonly ConsulState[],
    { stands = true, backend = {} }: { stands?: boolean; backend?: Partial<ConsulReference["backend"]> } = {},
  ) {
    const watches = {
      follow: (follower: string, queries: readonly ConsulQuery[]) => {
        asked.push({ follower, queries });
        return [...states];
      },
    };
    const references = states.map((_, index) => ({
      field: `spec.backends[${index}]`,
      backend: { address: "http://consul:8500", service: "order", ...backend },
    }));
    const secrets: Record<string, Record<string, string>> = { consul: { token: "t0ken\n" }, empty: {} };
    return observeConsul(watches, OWNER, references, { stands: () => stands, secretData: (name) => secrets[name] });
  }
  const reasonOf = (observe: () => unknown): string => {
    try {
      observe();
    } catch (error) {
      return error instanceof OperatorError ? `${error.name} ${error.reason}` : String(error);
    }
    return "none";
  };

  it("gives the instances, under the object's key, with the token without its line break", () => {
    const found = observed([{ endpoints: [ENDPOINT], problem: undefined }], {
      backend: { secretRef: { name: "consul", key: "token" } },
    });
    assert.deepEqual(found, [{ field: "spec.backends[0]", endpoints: [ENDPOINT] }]);
    assert.equal(asked[0]?.follower, "KongUpstream/team-a/order");
    assert.equal(asked[0]?.queries[0]?.token, "t0ken");
  });

  it("keeps what was known, and says so in words that do not change with the time", () => {
    const [found] = observed([{ endpoints: [ENDPOINT], problem: AWAY }]);
    assert.deepEqual(found?.endpoints, [ENDPOINT]);
    assert.equal(found?.problem?.reason, "ConsulUnavailable");
    assert.equal(
      found?.problem?.message,
      "spec.backends[0]: Consul at http://consul:8500: it cannot be reached; the 1 instance last known is kept",
    );
  });

  it("tells no passing instance from nothing known", () => {
    const [none, unknown] = observed([
      { endpoints: [], problem: undefined },
      { endpoints: undefined, problem: AWAY },
    ]);
    assert.equal(none?.problem?.reason, "NoEndpoints");
    assert.equal(none?.isUnknown, undefined);
    assert.equal(unknown?.problem?.reason, "ConsulUnavailable");
    assert.equal(unknown?.isUnknown, true);
  });

  it("waits for the first answer, and for any answer where the object is not in Kong", () => {
    const pending = { endpoints: undefined, problem: undefined };
    assert.equal(
      reasonOf(() => observed([pending])),
      "NotReadyError WaitingForConsul",
    );
    const unknown = { endpoints: undefined, problem: AWAY };
    assert.equal(
      reasonOf(() => observed([unknown], { stands: false })),
      "NotReadyError ConsulUnavailable",
    );
    assert.equal(
      reasonOf(() => observed([unknown], { stands: true })),
      "none",
    );
  });

  it("names a Secret or a key that is not there, and asks nothing", () => {
    const state = { endpoints: [], problem: undefined };
    const secretRef = (name: string) => ({ backend: { secretRef: { name, key: "token" } } });
    assert.equal(
      reasonOf(() => observed([state], secretRef("none"))),
      "RefNotFoundError SecretNotFound",
    );
    assert.equal(
      reasonOf(() => observed([state], secretRef("empty"))),
      "RefNotFoundError SecretKeyMissing",
    );
    assert.equal(
      reasonOf(() => observed([state], { backend: { address: "http://[::" } })),
      "InvalidSpecError InvalidSpec",
    );
    assert.deepEqual(asked, []);
  });
});
