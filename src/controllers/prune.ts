import type { ObjectKey } from "../model/object-key.ts";
import type { ControllerContext } from "./context.ts";

/** Removes what carries our marks and belongs to no object any more. */
export function pruneGateway(
  context: ControllerContext,
  gateway: ObjectKey,
  options: { readonly watchNamespaces: readonly string[] },
): void {
  void context;
  void gateway;
  void options;
}
