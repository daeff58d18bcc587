interface Entry {
  readonly key: string;
  readonly dueMs: number;
}

/** setTimeout fires at once for longer delays. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Keys with a due time, earliest first, behind one timer. */
export class DelayHeap {
  readonly #onDue: (key: string) => void;
  /** Binary min-heap by `dueMs`. Holds stale entries too: those that `#due` does not confirm. */
  readonly #heap: Entry[] = [];
  /** The due time that counts for each key. */
  readonly #due = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(onDue: (key: string) => void) {
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#due.size;
  }

  /** Keeps the earlier one where the key waits already. `dueMs` is on the clock of `performance.now()`. */
  add(key: string, dueMs: number): void {
    const current = this.#due.get(key);
    if (current !== undefined && current <= dueMs) return;
    this.#due.set(key, dueMs);
    this.#push({ key, dueMs });
    this.#arm();
  }

  clear(): void {
    this.#heap.length = 0;
    this.#due.clear();
    clearTimeout(this.#timer);
    this.#timerDueMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (!next || next.dueMs >= this.#timerDueMs) return;
    clearTimeout(this.#timer);
    this.#timerDueMs = next.dueMs;
    const delayMs = Math.ceil(next.dueMs - performance.now());
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(delayMs, 0), LONGEST_TIMER_MS));
  }

  #fire(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (let entry = this.#heap[0]; entry && entry.dueMs <= now; entry = this.#heap[0]) {
      this.#pop();
      if (this.#due.get(entry.key) !== entry.dueMs) continue;
      this.#due.delete(entry.key);
      this.#onDue(entry.key);
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.dueMs <= entry.dueMs) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++;
      if (heap[child]!.dueMs >= last.dueMs) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}
