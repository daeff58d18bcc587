import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Counts {
  readonly writes: number;
  readonly reads: number;
}

/** The gateway under test. */
export interface Gateway {
  readonly adminUrl: string;
  /** Requests counted at the gateway since the last reset; undefined where it does not count. */
  counts(): Promise<Counts | undefined>;
  resetCounts(): Promise<void>;
  stop(): Promise<void>;
}

/** The stand-in at a real Kong's pace, in a process of its own. */
export async function startDouble(options: { readonly dbless: boolean }): Promise<Gateway> {
  const args = options.dbless ? ["--dbless"] : [];
  const child = fork(fileURLToPath(new URL("./double-process.ts", import.meta.url)), args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ adminUrl }] = (await once(child, "message")) as [{ adminUrl: string }];
  const ask = async (message: "counts" | "reset"): Promise<Counts> => {
    child.send(message);
    const [answer] = (await once(child, "message")) as [Counts];
    return answer;
  };
  return {
    adminUrl,
    counts: () => ask("counts"),
    resetCounts: async () => {
      await ask("reset");
    },
    stop: async () => {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

/** A gateway of the user's, which counts nothing for us: the operator's own metrics have to do. */
export function realGateway(adminUrl: string): Gateway {
  return { adminUrl, counts: async () => undefined, resetCounts: async () => undefined, stop: async () => undefined };
}

const TYPES = ["routes", "services", "upstreams"];
const CONCURRENCY = 16;

/** Deletes what carries the tag, routes first; targets go with their upstream. */
export async function deleteTagged(adminUrl: string, tag: string): Promise<void> {
  for (const type of TYPES) {
    for (;;) {
      const response = await fetch(`${adminUrl}/${type}?size=1000&tags=${encodeURIComponent(tag)}`);
      const { data } = (await response.json()) as { data: { id: string }[] | Record<string, never> };
      const ids = Array.isArray(data) ? data.map(({ id }) => id) : [];
      if (ids.length === 0) break;
      await inParallel(
        ids,
        CONCURRENCY,
        async (id) => void (await fetch(`${adminUrl}/${type}/${id}`, { method: "DELETE" })),
      );
    }
  }
}

/** Runs `work` on each item, so many at a time, in order of start. */
export async function inParallel<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: concurrency }, run));
}
