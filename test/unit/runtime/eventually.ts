import { setTimeout as delay } from "node:timers/promises";

/** Waits until the condition holds; a busy machine only makes it slower. @throws Error after `limitMs`. */
export async function eventually(condition: () => boolean, what: string, limitMs = 8_000): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(2);
  }
}
