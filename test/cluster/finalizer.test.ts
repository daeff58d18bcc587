import assert from "node:assert/strict";
import { ConflictError } from "../../src/errors.ts";
import { isNotFound } from "../../src/kube/api-error.ts";
import { ensureFinalizer, removeFinalizer } from "../../src/kube/finalizer.ts";
import { controlPlaneOrSkip } from "../controlplane/suite.ts";
import { WIDGET, WidgetNamespace, type Widget } from "./widgets.ts";

const OURS = "kjo.dev/ours";
const THEIRS = "example.test/theirs";

describe("kube/finalizer on a real API server", () => {
  let widgets: WidgetNamespace;

  before(async function () {
    widgets = await WidgetNamespace.create(await controlPlaneOrSkip(this), "finalizer");
  });
  after(async () => widgets?.remove());

  const ensure = (widget: Widget, finalizer = OURS): Promise<Widget> =>
    ensureFinalizer(widgets.client, WIDGET, widget, finalizer);
  const remove = (widget: Widget, finalizer = OURS): Promise<Widget | undefined> =>
    removeFinalizer(widgets.client, WIDGET, widget, finalizer);

  /** What a controller does: on a conflict it begins again from a fresh read. */
  async function untilDone(name: string, step: (fresh: Widget) => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await step(await widgets.get(name));
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  it("adds to an object that has none, and writes nothing where it is there", async () => {
    const added = await ensure(await widgets.add("first"));
    assert.deepEqual(added.metadata.finalizers, [OURS]);
    assert.equal(await ensure(added), added);
    assert.equal((await widgets.get("first")).metadata.resourceVersion, added.metadata.resourceVersion);
  });

  it("refuses to add from a view that has missed another's finalizer", async () => {
    const stale = await widgets.add("missed");
    await ensure(stale, THEIRS);
    await assert.rejects(ensure(stale), ConflictError);
    const added = await ensure(await widgets.get("missed"));
    assert.deepEqual(added.metadata.finalizers, [THEIRS, OURS]);
  });

  it("loses none when several write at once", async () => {
    await widgets.add("crowded");
    const names = Array.from({ length: 8 }, (_, number) => `example.test/f${number}`);
    await Promise.all(names.map((name) => untilDone("crowded", (fresh) => ensure(fresh, name))));
    const { metadata } = await widgets.get("crowded");
    assert.deepEqual(metadata.finalizers?.toSorted(), names);
    const [odd, even] = [names.filter((_, index) => index % 2 === 1), names.filter((_, index) => index % 2 === 0)];
    const others = ["example.test/late1", "example.test/late2"];
    await Promise.all([
      ...even.map((name) => untilDone("crowded", (fresh) => remove(fresh, name))),
      ...others.map((name) => untilDone("crowded", (fresh) => ensure(fresh, name))),
    ]);
    assert.deepEqual((await widgets.get("crowded")).metadata.finalizers?.toSorted(), [...odd, ...others].toSorted());
  });

  it("is not held up by a change of something else", async () => {
    const stale = await widgets.add("changed");
    await widgets.change("changed", "other");
    const added = await ensure(stale);
    assert.equal(added.spec.value, "other");
    const removed = await remove(added);
    assert.equal(removed?.spec.value, "other");
  });

  it("removes ours alone, and lets the object go", async () => {
    const both = await ensure(await ensure(await widgets.add("leaving"), THEIRS));
    await widgets.delete("leaving");
    const rest = await remove(both);
    assert.deepEqual(rest?.metadata.finalizers, [THEIRS]);
    await remove(rest!, THEIRS);
    await assert.rejects(widgets.get("leaving"), isNotFound);
  });

  it("finds nothing left to do where the object is gone", async () => {
    const held = await ensure(await widgets.add("gone"));
    await widgets.delete("gone");
    await remove(held);
    assert.equal(await remove(held), undefined);
  });

  it("never brings a deleted object back", async () => {
    const stale = await widgets.add("dead");
    await widgets.delete("dead");
    await assert.rejects(ensure(stale), ConflictError);
    await assert.rejects(widgets.get("dead"), isNotFound);
  });

  it("touches neither an object that was made anew nor one that is being deleted", async () => {
    const earlier = await widgets.add("anew");
    await widgets.delete("anew");
    const later = await widgets.add("anew");
    await assert.rejects(ensure(earlier), ConflictError);
    await assert.rejects(remove({ ...earlier, metadata: { ...earlier.metadata, finalizers: [OURS] } }), ConflictError);
    assert.equal((await widgets.get("anew")).metadata.resourceVersion, later.metadata.resourceVersion);

    const held = await ensure(later, THEIRS);
    await widgets.delete("anew");
    await assert.rejects(ensure(held), ConflictError, "from a view that has missed the deletion");
    const deleted = await widgets.get("anew");
    assert.equal(await ensure(deleted), deleted);
    await remove(deleted, THEIRS);
  });

  it("reports a finalizer that the API server refuses as it is, not as a conflict", async () => {
    const widget = await widgets.add("invalid");
    await assert.rejects(ensure(widget, "not a name"), { name: "KubeApiError", status: 422 });
  });
});
