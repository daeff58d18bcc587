import assert from "node:assert/strict";
import { LeaderElector } from "../../src/kube/lease.ts";
import { LEASE, type KubeObject } from "../../src/kube/resource.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { eventually } from "../unit/runtime/eventually.ts";
import { WidgetNamespace } from "./widgets.ts";

const logger = createLogger({ level: "error", format: "json" });

describe("kube/lease on a real API server", () => {
  let widgets: WidgetNamespace;

  before(async function () {
    widgets = await WidgetNamespace.create(await controlPlaneOrSkip(this), "lease");
  });
  after(async () => widgets?.remove());

  /** Who works at the moment; the test fails when there are two. */
  class Stage {
    readonly working = new Set<string>();
    readonly history: string[] = [];

    enter(name: string): void {
      this.working.add(name);
      this.history.push(name);
      assert.equal(this.working.size, 1, `${[...this.working].join(" and ")} work at once`);
    }
  }

  function start(stage: Stage, identity: string, name: string) {
    const abort = new AbortController();
    const elector = new LeaderElector({
      client: widgets.client,
      namespace: widgets.namespace,
      name,
      identity,
      logger,
      leaseMs: 2_000,
      renewDeadlineMs: 1_200,
      retryMs: 100,
      lead: async (signal) => {
        stage.enter(identity);
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        await new Promise((resolve) => setTimeout(resolve, 50));
        stage.working.delete(identity);
      },
      onOverrun: () => assert.fail(`${identity} overran`),
    });
    const ended = elector.run(abort.signal);
    const stop = async (): Promise<void> => {
      abort.abort();
      await ended;
    };
    return { elector, stop };
  }

  it("lets one of three lead, and the next as soon as it leaves", async () => {
    const stage = new Stage();
    const electors = new Map(
      ["one", "two", "three"].map((identity) => [identity, start(stage, identity, "hand-over")]),
    );
    for (let turn = 1; turn <= 3; turn++) {
      await eventually(() => stage.history.length === turn, `leader ${turn}`);
      const leader = stage.history.at(-1)!;
      assert.equal([...electors.values()].filter(({ elector }) => elector.holdsLease).length, 1);
      const startedMs = performance.now();
      await electors.get(leader)!.stop();
      assert.ok(performance.now() - startedMs < 1_500, "leaving does not wait for the Lease to run out");
      electors.delete(leader);
    }
    assert.equal(new Set(stage.history).size, 3);
    const lease = await widgets.client.get<KubeObject & { spec: { holderIdentity: string; leaseTransitions: number } }>(
      LEASE,
      { namespace: widgets.namespace, name: "hand-over" },
    );
    assert.equal(lease.spec.holderIdentity, "");
    assert.equal(lease.spec.leaseTransitions, 2);
  });

  it("takes over from a leader that has died, when its Lease has run out", async () => {
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "dead", namespace: widgets.namespace },
      // Times of another machine's clock: they decide nothing.
      spec: { holderIdentity: "dead", leaseDurationSeconds: 1, renewTime: "2099-01-01T00:00:00.000000Z" },
    };
    await widgets.client.create(LEASE, widgets.namespace, lease);
    const stage = new Stage();
    const startedMs = performance.now();
    const { stop } = start(stage, "heir", "dead");
    await eventually(() => stage.history.length === 1, "the heir");
    const waitedMs = performance.now() - startedMs;
    assert.ok(waitedMs >= 950 && waitedMs < 5_000, `${waitedMs} ms`);
    await stop();
  });
});
