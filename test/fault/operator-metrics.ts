/** The numbers that an operator serves, by their line in the text format: `kjo_queue_keys{lane="…",state="queued"}`. */
export type OperatorMetrics = ReadonlyMap<string, number>;

/** @param url of the operator's health and metrics server. */
export async function fetchMetrics(url: string): Promise<OperatorMetrics> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line): [string, number] => [line.slice(0, line.lastIndexOf(" ")), valueOf(line)]));
}

function valueOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(" ") + 1));
}

/** The sum of a metric over the labels that are not named. */
export function sumOf(metrics: OperatorMetrics, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const [line, value] of metrics) {
    const isMetric = line === name || line.startsWith(`${name}{`);
    if (isMetric && wanted.every((label) => line.includes(label))) sum += value;
  }
  return sum;
}

/** Keys that a worker has or could have now. */
export function busyKeys(metrics: OperatorMetrics): number {
  const inState = (state: string): number => sumOf(metrics, "kjo_queue_keys", { state });
  return inState("queued") + inState("in_flight");
}
