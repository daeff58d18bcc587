import assert from "node:assert/strict";
import { ConflictError } from "../../src/errors.ts";
import { isNotFound } from "../../src/kube/api-error.ts";
import { writeStatus, type StatusWithConditions } from "../../src/kube/status.ts";
import { StatusWriter } from "../../src/kube/status-writer.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { WIDGET, WidgetNamespace, type Widget } from "./widgets.ts";

const NOW = new Date("2026-02-03T04:05:06Z");
const LATER = new Date("2026-02-03T05:00:00Z");

function programmed(status: "True" | "False", rest: object = {}): StatusWithConditions {
  return { conditions: [{ type: "Programmed", status, reason: "R", message: "m", observedGeneration: 1 }], ...rest };
}

describe("kube/status on a real API server", () => {
  let widgets: WidgetNamespace;

  before(async function () {
    widgets = await WidgetNamespace.create(await controlPlaneOrSkip(this), "status");
  });
  after(async () => widgets?.remove());

  const write = (widget: Widget, status: StatusWithConditions, options = {}): Promise<Widget | undefined> =>
    writeStatus(widgets.client, WIDGET, widget, status, { now: NOW, ...options });

  it("writes the whole status and leaves the spec and its generation alone", async () => {
    const widget = await widgets.add("first");
    const written = await write(widget, programmed("True", { entityId: "e1", value: "v" }));
    assert.equal(written?.metadata.generation, 1);
    assert.deepEqual(written?.spec, { value: "x" });
    assert.deepEqual(written?.status, {
      ...programmed("True"),
      conditions: [
        {
          type: "Programmed",
          status: "True",
          reason: "R",
          message: "m",
          observedGeneration: 1,
          lastTransitionTime: "2026-02-03T04:05:06Z",
        },
      ],
      entityId: "e1",
      value: "v",
    });
  });

  it("writes nothing where nothing differs, also much later", async () => {
    const written = await write(await widgets.add("same"), programmed("True"));
    assert.equal(await write(written!, programmed("True"), { now: LATER }), undefined);
    assert.equal((await widgets.get("same")).metadata.resourceVersion, written!.metadata.resourceVersion);
  });

  it("takes away what the new status no longer has", async () => {
    const written = await write(await widgets.add("less"), programmed("True", { entityId: "e1", value: "v" }));
    const less = await write(written!, programmed("True", { value: "v" }));
    assert.deepEqual(Object.keys(less?.status ?? {}).toSorted(), ["conditions", "value"]);
  });

  it("refuses a status decided of an older version only where told to", async () => {
    const stale = await widgets.add("two-writers");
    await widgets.change("two-writers", "other");
    await assert.rejects(write(stale, programmed("True"), { withResourceVersion: true }), ConflictError);
    assert.equal((await write(stale, programmed("True")))?.spec.value, "other");
  });

  it("refuses a status of an object that was made anew, and of one that is gone", async () => {
    const earlier = await widgets.add("anew");
    await widgets.delete("anew");
    await assert.rejects(write(earlier, programmed("True")), isNotFound);
    await widgets.add("anew");
    await assert.rejects(write(earlier, programmed("True")), ConflictError);
    assert.equal((await widgets.get("anew")).status, undefined);
  });

  it("writes the last of many statuses of many objects through the queue", async () => {
    const names = Array.from({ length: 60 }, (_, number) => `queued-${number}`);
    const cache = new Map<string, Widget>();
    await Promise.all(names.map(async (name) => cache.set(name, await widgets.add(name))));
    const results: string[] = [];
    const writer = new StatusWriter({
      client: widgets.client,
      logger: createLogger({ level: "error", format: "json" }),
      getCached: (_type, { name }) => cache.get(name),
      onWritten: (_type, object) => cache.set(object.metadata.name, object as Widget),
      onConflict: (_type, { name }) => assert.fail(name),
      onResult: (_type, result) => results.push(result),
    });
    const submit = (value: string): void => {
      for (const widget of cache.values()) writer.submit(WIDGET, widget, programmed("True", { value }));
    };
    ["1", "2", "3"].forEach(submit);
    assert.equal(await writer.close(20_000), 0);
    const { items } = await widgets.client.list<Widget>(WIDGET, { namespace: widgets.namespace });
    const queued = items.filter(({ metadata }) => metadata.name.startsWith("queued-"));
    assert.deepEqual(new Set(queued.map(({ status }) => status?.value)), new Set(["3"]));
    assert.ok(results.length < 130, `${results.length} writes for 60 objects with three statuses each`);
  });
});
