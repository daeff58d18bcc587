import type { ListPage, WatchEvent } from "../../../src/kube/client.ts";
import type { ListWatchSource } from "../../../src/kube/reflector.ts";
import type { KubeObject } from "../../../src/kube/resource.ts";

export interface TestObject extends KubeObject {
  readonly spec?: { readonly value: string };
}

/** `object("a", 5)`: object `team-a/a` at version 5; the uid tells one life of it from the next. */
export function object(name: string, version: number, uid = `uid-${name}`): TestObject {
  return {
    apiVersion: "kjo.dev/v1alpha1",
    kind: "KongRoute",
    metadata: {
      name,
      namespace: "team-a",
      uid,
      resourceVersion: String(version),
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
  };
}

type Answer = ListPage<TestObject>[] | Error | "hang";

/** One watch that the reflector has opened; the test plays the server. */
export class WatchSession {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  readonly #queue: (WatchEvent<TestObject> | Error | "end")[] = [];
  #wake: (() => void) | undefined;

  constructor(resourceVersion: string, timeoutSeconds: number, signal: AbortSignal) {
    this.resourceVersion = resourceVersion;
    this.timeoutSeconds = timeoutSeconds;
    this.signal = signal;
    signal.addEventListener("abort", () => this.#push(new DOMException("aborted", "AbortError")), { once: true });
  }

  send(type: WatchEvent<TestObject>["type"], sent: TestObject): void {
    this.#push({ type, object: sent });
  }

  bookmark(version: number): void {
    this.send("BOOKMARK", object("", version));
  }

  /** An ERROR event: a Status in the stream. */
  sendError(code: number, reason: string): void {
    this.send("ERROR", { kind: "Status", code, reason, message: "…" } as unknown as TestObject);
  }

  end(): void {
    this.#push("end");
  }

  fail(error: Error): void {
    this.#push(error);
  }

  async *events(): AsyncGenerator<WatchEvent<TestObject>> {
    for (;;) {
      const next = this.#queue.shift();
      if (next === "end") return;
      if (next instanceof Error) throw next;
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #push(item: WatchEvent<TestObject> | Error | "end"): void {
    this.#queue.push(item);
    this.#wake?.();
  }
}

/** The API server as a script: answers to lists in order, and watches that the test plays. */
export class ScriptedApi implements ListWatchSource<TestObject> {
  readonly lists: Answer[];
  readonly requests: string[] = [];
  readonly #sessions: WatchSession[] = [];
  #opened: (() => void) | undefined;

  constructor(...lists: Answer[]) {
    this.lists = lists;
  }

  async *listPages(signal: AbortSignal): AsyncGenerator<ListPage<TestObject>> {
    this.requests.push("list");
    const answer = this.lists.shift() ?? new Error("the script has no more lists");
    if (answer === "hang") await hang(signal);
    else if (answer instanceof Error) throw answer;
    else
      for (const page of answer) {
        // A page that is an error: the rest of the list cannot be had.
        if (page instanceof Error) throw page;
        yield page;
      }
  }

  async listAtOnce(): Promise<ListPage<TestObject>> {
    this.requests.push("list at once");
    const answer = this.lists.shift();
    if (!Array.isArray(answer) || !answer[0]) throw new Error("the script has no more lists");
    return answer[0];
  }

  watch(resourceVersion: string, timeoutSeconds: number, signal: AbortSignal): AsyncGenerator<WatchEvent<TestObject>> {
    this.requests.push(`watch ${resourceVersion}`);
    const session = new WatchSession(resourceVersion, timeoutSeconds, signal);
    this.#sessions.push(session);
    this.#opened?.();
    return session.events();
  }

  /** The next watch that is opened, or was and has not been taken. */
  async nextWatch(): Promise<WatchSession> {
    while (this.#sessions.length === 0) await new Promise<void>((resolve) => (this.#opened = resolve));
    return this.#sessions.shift()!;
  }
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")), { once: true });
  });
}

export function page(version: number, ...items: TestObject[]): ListPage<TestObject> {
  return { items, resourceVersion: String(version) };
}
