import type { Logger } from "./logger.ts";

export interface ShutdownOptions {
  readonly logger: Logger;
  /** For all steps together. Less than the grace that a Pod gets, 30 s by default. */
  readonly deadlineMs?: number;
}

interface Step {
  readonly name: string;
  readonly stop: (leftMs: number) => void | Promise<void>;
}

/**
 * Ends the process in order: what was started last is stopped first. Nothing exits in the middle; when the last step is
 * done nothing keeps the process alive.
 *
 * Guarantees: every step is tried once, also when one before it fails or takes too long; a step that the deadline
 * leaves no time is told 0.
 */
export class Shutdown {
  readonly #options: ShutdownOptions;
  readonly #steps: Step[] = [];
  readonly #begun = new AbortController();
  #ended: Promise<boolean> | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  /** Aborts when stopping begins. */
  get signal(): AbortSignal {
    return this.#begun.signal;
  }

  /** Registers a step; the latest is stopped first. `stop` is told how long it may take. */
  add(name: string, stop: (leftMs: number) => void | Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** Stops everything, once. @returns false when a step failed or was not done in time. */
  begin(reason: string): Promise<boolean> {
    this.#ended ??= this.#run(reason);
    return this.#ended;
  }

  /** Begins at one of the signals; resolves when everything has ended. */
  onSignals(signals: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT"]): Promise<boolean> {
    return new Promise((resolve) => {
      const listeners = signals.map((name) => [name, (): void => void this.begin(name)] as const);
      for (const [name, listener] of listeners) process.on(name, listener);
      this.signal.addEventListener("abort", () => {
        void this.begin("").then((isClean) => {
          for (const [name, listener] of listeners) process.off(name, listener);
          resolve(isClean);
        });
      });
    });
  }

  async #run(reason: string): Promise<boolean> {
    const { logger, deadlineMs = 25_000 } = this.#options;
    const untilMs = performance.now() + deadlineMs;
    logger.info("stopping", { reason });
    // After this function has returned its promise, so that a listener that asks for it gets the same one.
    await Promise.resolve();
    this.#begun.abort(new Error(`stopping: ${reason}`));
    let isClean = true;
    for (const step of this.#steps.toReversed()) {
      isClean = (await this.#stop(step, Math.max(0, untilMs - performance.now()))) && isClean;
    }
    logger.info("stopped", { clean: isClean });
    return isClean;
  }

  async #stop(step: Step, leftMs: number): Promise<boolean> {
    const { logger } = this.#options;
    const startedMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), leftMs)));
    try {
      const result = await Promise.race([Promise.resolve(step.stop(leftMs)), late]);
      const durationMs = Math.round(performance.now() - startedMs);
      if (result !== "late") {
        logger.debug("stopped step", { step: step.name, durationMs });
        return true;
      }
      logger.warn("step not stopped in time", { step: step.name, durationMs });
    } catch (error) {
      logger.error("step failed to stop", { step: step.name, error });
    } finally {
      clearTimeout(timer);
    }
    return false;
  }
}
