import type { z } from "zod";

/** The keyword under which the API server finds the CEL rules of a schema node. */
export const VALIDATIONS = "x-kubernetes-validations";

/**
 * One rule, said twice: `cel` for the API server and `holds` for the parser. Fixtures under test/fixtures/kinds prove
 * that the two agree.
 */
export interface Rule<T> {
  /** CEL over `self`. */
  readonly cel: string;
  /** Names what is wrong and what to do about it. */
  readonly message: string;
  /** Dotted path from `self` to the property at fault, where it is one. */
  readonly at?: string;
  readonly holds: (value: T) => boolean;
}

/** A rule on a change, which only the API server sees: the parser never has the old object. */
export interface TransitionRule {
  /** CEL over `self` and `oldSelf`. */
  readonly cel: string;
  readonly message: string;
  readonly at?: string;
}

/** The same schema with the rules attached to both of its readers. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  let ruled = schema;
  for (const rule of rules) {
    ruled = ruled.refine(rule.holds, { error: rule.message, path: rule.at?.split(".") ?? [] }) as S;
  }
  return withValidations(ruled, rules);
}

/** The same schema with rules on its changes. */
export function withTransitionRules<S extends z.ZodType>(schema: S, rules: readonly TransitionRule[]): S {
  return withValidations(schema, rules);
}

function withValidations<S extends z.ZodType>(schema: S, rules: readonly TransitionRule[]): S {
  const meta = schema.meta() ?? {};
  const earlier = (meta[VALIDATIONS] ?? []) as object[];
  const added = rules.map((rule) => ({
    rule: rule.cel,
    message: rule.message,
    ...(rule.at === undefined ? {} : { fieldPath: `.${rule.at}` }),
  }));
  return schema.meta({ ...meta, [VALIDATIONS]: [...earlier, ...added] }) as S;
}

/** True for a value that the object sets. */
export function isSet(value: unknown): boolean {
  return value !== undefined;
}

/** CEL for "at least one of these properties is set". */
export function celHasAny(...properties: readonly string[]): string {
  return `(${properties.map((property) => `has(self.${property})`).join(" || ")})`;
}
