import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { ConsulMetrics } from "../../../src/controllers/consul-metrics.ts";
import { GatewayMetrics } from "../../../src/controllers/gateway-metrics.ts";
import { DeliveryMetrics } from "../../../src/controllers/delivery-metrics.ts";
import { VerifyMetrics } from "../../../src/controllers/verify-metrics.ts";
import { Metrics } from "../../../src/runtime/metrics.ts";
import { WorkQueue } from "../../../src/runtime/work-queue.ts";

function complete(queue = new WorkQueue()): Metrics {
  const metrics = new Metrics({ version: "1.2.3", withProcessMetrics: false });
  metrics.observeQueue(queue);
  metrics.observeCaches(() => [{ resource: "kongroutes", objects: 7, isSynced: true }]);
  metrics.observeStatusQueue(() => 5);
  return metrics;
}

describe("runtime/metrics", () => {
  it("has every metric in docs/metrics.md with its type and labels, and none more", async () => {
    const text = await readFile(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| `kjo_"));
    const documented = rows.map((row) => {
      const [, name = "", type = "", labels = ""] = row.split("|").map((cell) => cell.trim());
      return [name.replaceAll("`", ""), type, [...labels.matchAll(/\w+/g)].map(([label]) => label)];
    });
    const { registry } = complete();
    new GatewayMetrics(registry);
    new ConsulMetrics(registry);
    new DeliveryMetrics(registry);
    new VerifyMetrics(registry);
    const defined = registry.getMetricsAsArray().map((metric) => {
      const { name, labelNames } = metric as unknown as { name: string; labelNames: string[] };
      return [name, metric.constructor.name.toLowerCase(), labelNames];
    });
    assert.deepEqual(documented.toSorted(), defined.toSorted());
  });

  it("reads depths when it is scraped", async () => {
    const queue = new WorkQueue({ laneOf: (key) => key[0]!, laneLimit: 1 });
    for (const key of ["a1", "a2", "b1"]) queue.add(key);
    await queue.get();
    const text = await complete(queue).registry.metrics();
    assert.match(text, /^kjo_queue_keys\{lane="a",state="queued"\} 1$/m);
    assert.match(text, /^kjo_queue_keys\{lane="a",state="in_flight"\} 1$/m);
    assert.match(text, /^kjo_informer_objects\{resource="kongroutes"\} 7$/m);
    assert.match(text, /^kjo_informer_synced\{resource="kongroutes"\} 1$/m);
    assert.match(text, /^kjo_status_pending 5$/m);
  });

  it("counts the queue of the latest term of leadership", async () => {
    const former = new WorkQueue({ laneOf: () => "former" });
    const latter = new WorkQueue({ laneOf: () => "latter" });
    const metrics = complete(former);
    metrics.observeQueue(latter);
    for (const queue of [former, latter]) queue.add("a");
    const text = await metrics.registry.metrics();
    assert.match(text, /lane="latter"/);
    assert.doesNotMatch(text, /lane="former"/);
  });

  it("forgets a lane that is empty", async () => {
    const queue = new WorkQueue({ laneOf: (key) => key });
    const metrics = complete(queue);
    queue.add("gone");
    assert.match(await metrics.registry.metrics(), /lane="gone"/);
    queue.done((await queue.get())!);
    assert.doesNotMatch(await metrics.registry.metrics(), /lane="gone"/);
  });

  it("says what runs", async () => {
    assert.match(await complete().registry.metrics(), /^kjo_build_info\{version="1\.2\.3",node="v\d+\.\d+\.\d+"\} 1$/m);
  });

  it("has the process's own metrics unless told otherwise", async () => {
    const text = await new Metrics({ version: "1" }).registry.metrics();
    assert.match(text, /^process_resident_memory_bytes/m);
  });
});
