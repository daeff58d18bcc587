import type { AdminRequest } from "./request.ts";
import type { AdminResponse } from "./response.ts";

export type Handler = (request: AdminRequest, params: readonly string[]) => AdminResponse | Promise<AdminResponse>;
export type Handlers = Readonly<Partial<Record<string, Handler>>>;

export interface Match {
  readonly handlers: Handlers;
  readonly params: readonly string[];
}

interface Node {
  path: string | undefined;
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  handlers: Handlers | undefined;
}

/** Paths with `{name}` for a parameter; a literal part wins over a parameter. */
export class Router {
  readonly #root: Node = newNode();

  /** The later of two registrations of one path wins, method by method. */
  add(path: string, handlers: Handlers): void {
    let node = this.#root;
    for (const part of path.split("/").filter((text) => text !== "")) {
      if (part.startsWith("{")) {
        node = node.parameter ??= newNode();
        continue;
      }
      const next = node.literals.get(part) ?? newNode();
      node.literals.set(part, next);
      node = next;
    }
    node.path = path;
    node.handlers = { ...node.handlers, ...handlers };
  }

  /** Every path with something behind it. */
  paths(): Iterable<string> {
    return pathsOf(this.#root);
  }

  find(segments: readonly string[]): Match | undefined {
    return match(this.#root, segments, 0, []);
  }
}

function match(node: Node, segments: readonly string[], index: number, params: readonly string[]): Match | undefined {
  const segment = segments[index];
  if (segment === undefined) return node.handlers === undefined ? undefined : { handlers: node.handlers, params };
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : match(literal, segments, index + 1, params);
  if (found !== undefined || node.parameter === undefined) return found;
  return match(node.parameter, segments, index + 1, [...params, segment]);
}

function* pathsOf(node: Node): Generator<string> {
  if (node.path !== undefined) yield node.path;
  for (const next of node.literals.values()) yield* pathsOf(next);
  if (node.parameter !== undefined) yield* pathsOf(node.parameter);
}

function newNode(): Node {
  return { path: undefined, literals: new Map(), parameter: undefined, handlers: undefined };
}
