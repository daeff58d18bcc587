import assert from "node:assert/strict";
import { EventRecorder } from "../../src/kube/events.ts";
import { EVENT, type KubeObject } from "../../src/kube/resource.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { WidgetNamespace } from "./widgets.ts";

interface StoredEvent extends KubeObject {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly name: string; readonly uid: string };
  readonly series?: { readonly count: number };
}

describe("kube/events on a real API server", () => {
  let widgets: WidgetNamespace;

  before(async function () {
    widgets = await WidgetNamespace.create(await controlPlaneOrSkip(this), "events");
  });
  after(async () => widgets?.remove());

  function recorder(results: string[] = []): EventRecorder {
    return new EventRecorder({
      client: widgets.client,
      logger: createLogger({ level: "error", format: "json" }),
      controller: "kjo.dev/operator",
      instance: "test-1",
      onResult: (result) => results.push(result),
    });
  }

  async function stored(name: string): Promise<StoredEvent[]> {
    const { items } = await widgets.client.list<StoredEvent>(EVENT, { namespace: widgets.namespace });
    return items.filter(({ regarding }) => regarding.name === name);
  }

  it("is accepted with all its fields, and counts what repeats in a series", async () => {
    const widget = await widgets.add("repeating");
    const results: string[] = [];
    const events = recorder(results);
    for (let time = 0; time < 4; time++) {
      events.record(widget, { type: "Warning", reason: "InUse", action: "Delete", message: "used by others" });
    }
    events.record(widget, { type: "Normal", reason: "Programmed", action: "Apply", message: "ü".repeat(2_000) });
    await events.close(5_000);
    assert.equal(results.filter((result) => result === "failed").length, 0);
    const found = await stored("repeating");
    assert.equal(found.length, 2);
    const inUse = found.find(({ reason }) => reason === "InUse")!;
    assert.deepEqual([inUse.type, inUse.note, inUse.series?.count], ["Warning", "used by others", 4]);
    assert.equal(inUse.regarding.uid, widget.metadata.uid);
  });

  it("takes an object with the longest name there is", async () => {
    const name = `${"n".repeat(60)}.`.repeat(4).slice(0, 252) + "n";
    const widget = await widgets.add(name);
    const events = recorder();
    events.record(widget, { type: "Normal", reason: "Programmed", action: "Apply", message: "m" });
    await events.close(5_000);
    assert.equal((await stored(name)).length, 1);
  });

  it("gives up on an object whose namespace is not there", async () => {
    const widget = await widgets.add("elsewhere");
    const results: string[] = [];
    const events = recorder(results);
    const metadata = { ...widget.metadata, namespace: "not-there" };
    events.record({ ...widget, metadata }, { type: "Normal", reason: "R", action: "A", message: "m" });
    await events.close(5_000);
    assert.deepEqual(results, ["failed"]);
  });
});
