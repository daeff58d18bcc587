/** One answer of the double. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function json(body: unknown): Answer {
  return { status: 200, headers: { "content-type": "application/json;charset=utf-8" }, body: JSON.stringify(body) };
}

/** Jenkins answers errors to people. */
export function page(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `<html><head><title>Jenkins</title></head><body>${text}</body></html>`;
  return { status, headers: { "content-type": "text/html;charset=utf-8", ...headers }, body };
}

export function redirect(status: number, location: string): Answer {
  return { status, headers: { location } };
}
