import type { Json, JsonObject } from "../../../../src/model/json.ts";
import { isJsonObject } from "../../../../src/model/json.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** The JSON body; an empty object where there is none. */
  readonly body: JsonObject;
}

/** Sends one request; a body that is no text goes as JSON. */
export async function send(baseUrl: string, method: string, path: string, body?: Json): Promise<Answer> {
  return sendAs(baseUrl, method, path, "application/json", body === undefined ? undefined : JSON.stringify(body));
}

/** Sends one request with a body of any type. */
export async function sendAs(
  baseUrl: string,
  method: string,
  path: string,
  contentType: string,
  body?: string,
): Promise<Answer> {
  const response = await fetch(new URL(path, baseUrl), {
    method,
    ...(body === undefined
      ? {}
      : { body: Buffer.from(body), headers: contentType === "" ? {} : { "Content-Type": contentType } }),
  });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, body: parse(text) };
}

function parse(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Names of the entities of a list, in its order. */
export function namesOf(answer: Answer): Json[] {
  const { data } = answer.body;
  return Array.isArray(data)
    ? data.map((row) => (isJsonObject(row) ? (row["name"] ?? row["username"] ?? null) : null))
    : [];
}
