/** A value of a Secret that is still to be put in, `${KJO_SECRET_ALICE_KEY}`: whoever reads it finds no value there. */
export const SECRET_PLACEHOLDER = /^\$\{(KJO_SECRET_[A-Z0-9_]+)\}$/;

/** The placeholder for a key of a Secret. */
export function secretPlaceholder(secret: string, key: string): string {
  return `\${KJO_SECRET_${variablePart(secret)}_${variablePart(key)}}`;
}

/** Text as a part of the name of an environment variable. */
export function variablePart(text: string): string {
  return text
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
}
