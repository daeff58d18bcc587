import type { z } from "zod";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 (default) is always shown, 1 with `-o wide`. */
  readonly priority?: 0 | 1;
}

/** All that the CRD, the parser and the reference page of one kind are made of. */
export interface KindDefinition<Spec = unknown, Status = unknown> {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly specSchema: z.ZodType<Spec>;
  readonly statusSchema: z.ZodType<Status>;
  readonly printerColumns: readonly PrinterColumn[];
  /** What the kind is for, in one or two sentences: `kubectl explain` and the head of its reference page. */
  readonly description: string;
}

/** The same of a kind that is not in Kong. */
export function readyColumns(whenReady: string): readonly PrinterColumn[] {
  return READY_COLUMNS.map((column) => (column.name === "Ready" ? { ...column, description: whenReady } : column));
}

/** Columns that end every kind's table. */
export const READY_COLUMNS: readonly PrinterColumn[] = [
  {
    name: "Ready",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: "True when Kong has what the object asks for",
  },
  {
    name: "Reason",
    type: "string",
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: "Why it is ready or not",
  },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/** Shown with `-o wide`: what Ready says in words. */
export const MESSAGE_COLUMN: PrinterColumn = {
  name: "Message",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  description: "What Ready says in words",
  priority: 1,
};
