import type { Json } from "../../../../src/model/json.ts";

/** An answer before it is written: a JSON body, a text body, or none. */
export interface AdminResponse {
  readonly status: number;
  readonly json?: Json;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function ok(json: Json): AdminResponse {
  return { status: 200, json };
}

export function created(json: Json): AdminResponse {
  return { status: 201, json };
}

export const NO_CONTENT: AdminResponse = { status: 204 };
export const NOT_FOUND: AdminResponse = { status: 404, json: { message: "Not found" } };
export const METHOD_NOT_ALLOWED: AdminResponse = { status: 405, json: { message: "Method not allowed" } };
export const UNEXPECTED: AdminResponse = { status: 500, json: { message: "An unexpected error occurred" } };

/** What nginx answers by itself: a small page. */
export function htmlError(status: number, title: string): AdminResponse {
  const line = `${String(status)} ${title}`;
  const html = [
    "<html>",
    `<head><title>${line}</title></head>`,
    "<body>",
    `<center><h1>${line}</h1></center>`,
    "</body>",
    "</html>",
    "",
  ];
  return { status, html: html.join("\r\n") };
}
