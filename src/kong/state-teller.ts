import type { Logger } from "../runtime/logger.ts";
import type { GatewayPhase, GatewayState } from "./gateway-state.ts";

export interface StateTellerOptions {
  readonly state: () => GatewayState;
  readonly onChange: (state: GatewayState, before: GatewayPhase) => void;
  readonly logger: Logger;
}

/** Says when a connection's state has changed in more than its times. */
export class StateTeller {
  readonly #options: StateTellerOptions;
  #told: { readonly phase: GatewayPhase; readonly text: string } = { phase: "Connecting", text: "" };

  constructor(options: StateTellerOptions) {
    this.#options = options;
  }

  /** A new phase is logged too. */
  tellPhase(): void {
    const { phase, reason, message } = this.#options.state();
    const fields = { stage: "observe", phase, reason, detail: message };
    if (phase === "Ready" || phase === "Connecting") this.#options.logger.info("gateway phase changed", fields);
    else this.#options.logger.warn("gateway phase changed", fields);
    this.tell();
  }

  tell(): void {
    const state = this.#options.state();
    const { phase, reason, message, info, counts, dbless } = state;
    const text = JSON.stringify([phase, reason, message, info, counts, dbless]);
    if (text === this.#told.text) return;
    const before = this.#told.phase;
    this.#told = { phase, text };
    this.#options.onChange(state, before);
  }
}
