import type { LabelSelector } from "../api/v1alpha1/allowed-namespaces.ts";

/** Labels of a namespace. */
export type Labels = Readonly<Record<string, string>>;

/** A metav1.LabelSelector; the empty one matches everything. */
export function matchesSelector(labels: Labels, selector: LabelSelector): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {});
  return (
    wanted.every(([name, value]) => labels[name] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
      }
    })
  );
}
