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
