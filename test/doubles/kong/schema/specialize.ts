import type { Field, RecordSchema } from "./field.ts";

/** A schema whose general fields give way to those of one variant, with the rules of both. */
export function specialize(base: RecordSchema, variant: RecordSchema): RecordSchema {
  const fields = base.fields.map(
    ([name, field]) => [name, variant.byName.get(name) ?? field] as readonly [string, Field],
  );
  return {
    fields,
    byName: new Map(fields),
    checks: [...base.checks, ...variant.checks],
    shorthands: [...base.shorthands, ...variant.shorthands],
  };
}
