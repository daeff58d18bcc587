import { randomBytes } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** 32 letters and digits, what Kong generates for keys and secrets that are not given. */
export function randomString(): string {
  let text = "";
  for (const byte of randomBytes(32)) text += ALPHABET.charAt(byte % ALPHABET.length);
  return text;
}
