import { environmentVariable } from "../config.ts";

export type Colour = "green" | "yellow" | "red" | "dim";

const CODES: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31, dim: 2 };

/** Colours the text where `stream` is a terminal and NO_COLOR is not set. */
export function painter(stream: { readonly isTTY?: boolean }): (colour: Colour, text: string) => string {
  const isPlain = stream.isTTY !== true || environmentVariable("NO_COLOR") !== undefined;
  return (colour, text) => (isPlain ? text : `\u001b[${CODES[colour]}m${text}\u001b[0m`);
}

export interface Progress {
  (done: number, all: number): void;
  /** Takes the line away. */
  end(): void;
}

/** One line on standard error that says how far the work is, where that is a terminal. */
export function progressLine(what: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  let isShown = false;
  let shownAt = 0;
  const show = (done: number, all: number): void => {
    const now = performance.now();
    if (!stream.isTTY || now - shownAt < 100) return;
    shownAt = now;
    isShown = true;
    stream.write(`\r\u001b[K${what}: ${done} of ${all}`);
  };
  return Object.assign(show, { end: () => void (isShown && stream.write("\r\u001b[K")) });
}
