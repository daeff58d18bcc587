import type { KubeConfig } from "@kubernetes/client-node";
import { errorOfFailure, isAbort } from "./api-error.ts";
import { Connection } from "./connection.ts";
import { readLines } from "./json-lines.ts";
import { describeRequest, Requester, type KubeRequest, type RequestObserver } from "./requester.ts";
import type { KubeObject, ObjectRef, ResourceType } from "./resource.ts";

/** Names our fields in `managedFields`. */
export const FIELD_MANAGER = "kong-jenkins-operator";
const PAGE_SIZE = 500;
/** No resource: only a name for messages. */
const VERSION_RESOURCE: ResourceType = {
  group: "",
  version: "v1",
  plural: "version",
  kind: "Version",
  namespaced: false,
};

export interface KubeClientOptions {
  readonly config: KubeConfig;
  readonly onRequest?: RequestObserver;
}

export interface ListOptions {
  /** All namespaces where absent or "". */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
}

export interface ListPage<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  /** After which the API server ends the watch. */
  readonly timeoutSeconds: number;
}

/** `object` is a Status where type is ERROR, and has only a resourceVersion where it is BOOKMARK. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

export type JsonPatch = readonly { op: "add" | "remove" | "replace" | "test"; path: string; value?: unknown }[];

export type PatchBody =
  | { readonly kind: "json"; readonly body: JsonPatch }
  | { readonly kind: "merge"; readonly body: unknown }
  /** Server-side apply as {@link FIELD_MANAGER}; `force` takes fields over from others. */
  | { readonly kind: "apply"; readonly body: unknown; readonly force?: boolean };

export interface WriteOptions {
  readonly subresource?: string;
  readonly signal?: AbortSignal;
  /** `Strict` refuses unknown fields, which are dropped silently otherwise. */
  readonly fieldValidation?: "Strict";
  /** Not held back by the limit on concurrent requests: for what has a deadline, the Lease. */
  readonly urgent?: boolean;
}

const PATCH_TYPES = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/**
 * Requests to the API server as plain JSON over one pooled agent.
 *
 * Typed APIs are not used because they drop `x-kubernetes-*` keys and give Date for times.
 * Every method throws KubeApiError, ConflictError for a 409 that a fresh read can mend, and an AbortError where its
 * signal ended it. An answer with Retry-After is retried here.
 */
export class KubeClient {
  readonly #connection: Connection;
  readonly #requester: Requester;

  constructor(options: KubeClientOptions) {
    this.#connection = new Connection(options.config);
    this.#requester = new Requester(this.#connection, options.onRequest);
  }

  get server(): URL {
    return this.#connection.server;
  }

  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options: WriteOptions = {}): Promise<T> {
    return this.#requester.json<T>({ verb: "get", method: "GET", type, ref, ...pick(options) });
  }

  /** One page after the other; the last has no `continue`. @throws KubeApiError 410 when the list took too long. */
  async *listPages<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): AsyncGenerator<ListPage<T>> {
    let next: string | undefined;
    do {
      const page = await this.#listPage<T>(type, options, { limit: PAGE_SIZE, continue: next });
      next = page.next;
      yield page;
    } while (next);
  }

  /** The whole list in one answer, for when pages expire faster than they can be read. */
  listAtOnce<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    return this.#listPage<T>(type, options, {});
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ListPage<T>> {
    const items: T[] = [];
    let resourceVersion = "";
    for await (const page of this.listPages<T>(type, options)) {
      for (const item of page.items) items.push(item);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  create<T extends KubeObject>(
    type: ResourceType,
    namespace: string,
    object: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER, fieldValidation: options.fieldValidation };
    return this.#requester.json<T>({
      verb: "create",
      method: "POST",
      type,
      ref: { namespace },
      query,
      body: object,
      ...pick(options),
    });
  }

  /** PUT of the whole object; its resourceVersion guards it. */
  replace<T extends KubeObject>(type: ResourceType, object: KubeObject, options: WriteOptions = {}): Promise<T> {
    const ref = { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
    const query = { fieldManager: FIELD_MANAGER, fieldValidation: options.fieldValidation };
    return this.#requester.json<T>({ verb: "update", method: "PUT", type, ref, query, body: object, ...pick(options) });
  }

  patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: PatchBody,
    options: WriteOptions = {},
  ): Promise<T> {
    const query = {
      fieldManager: FIELD_MANAGER,
      fieldValidation: options.fieldValidation,
      force: patch.kind === "apply" && patch.force ? true : undefined,
    };
    const contentType = PATCH_TYPES[patch.kind];
    return this.#requester.json<T>({
      verb: "patch",
      method: "PATCH",
      type,
      ref,
      query,
      contentType,
      body: patch.body,
      ...pick(options),
    });
  }

  /** `preconditions` make the API server refuse (409) where another object or version is there by now. */
  async delete(
    type: ResourceType,
    ref: ObjectRef,
    preconditions: { uid?: string; resourceVersion?: string } = {},
    options: WriteOptions = {},
  ): Promise<void> {
    const body = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background", preconditions };
    await this.#requester.json({ verb: "delete", method: "DELETE", type, ref, body, ...pick(options) });
  }

  /** Events until the API server ends the watch or the signal aborts it. Not counted among the concurrent requests. */
  async *watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const request: KubeRequest = {
      verb: "watch",
      method: "GET",
      type,
      ref: { namespace: options.namespace ?? "" },
      query: {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: options.resourceVersion,
        timeoutSeconds: options.timeoutSeconds,
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
      },
      signal: options.signal,
      urgent: true,
    };
    const body = await this.#requester.stream(request);
    try {
      for await (const line of readLines(body)) yield JSON.parse(line) as WatchEvent<T>;
    } catch (error) {
      throw isAbort(error) ? error : errorOfFailure(describeRequest(request), error);
    } finally {
      body.destroy();
    }
  }

  /** What the API server says of itself: `v1.33.1`. */
  async serverVersion(): Promise<string> {
    const request: KubeRequest = { verb: "get", method: "GET", type: VERSION_RESOURCE, path: "/version" };
    const { gitVersion } = await this.#requester.json<{ gitVersion?: string }>(request);
    return gitVersion ?? "unknown";
  }

  /** Ends the connections; what is under way fails. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  async #listPage<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions,
    paging: { limit?: number; continue?: string | undefined },
  ): Promise<ListPage<T> & { next: string | undefined }> {
    const { namespace = "", labelSelector, fieldSelector, signal } = options;
    const query = { labelSelector, fieldSelector, ...paging };
    const answer = await this.#requester.json<{
      kind: string;
      apiVersion: string;
      items?: T[];
      metadata: { resourceVersion: string; continue?: string };
    }>({ verb: "list", method: "GET", type, ref: { namespace }, query, signal });
    const items = answer.items ?? [];
    // Items of built-in kinds say neither; with them every object looks the same, listed or watched.
    const kind = answer.kind.replace(/List$/, "");
    for (const item of items) Object.assign(item, { apiVersion: answer.apiVersion, kind });
    return { items, resourceVersion: answer.metadata.resourceVersion, next: answer.metadata.continue };
  }
}

function pick(options: WriteOptions): Pick<KubeRequest, "subresource" | "signal" | "urgent"> {
  return { subresource: options.subresource, signal: options.signal, urgent: options.urgent };
}
