import assert from "node:assert/strict";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConflictError } from "../../../src/errors.ts";
import { KubeApiError } from "../../../src/kube/api-error.ts";
import { KubeClient, type KubeClientOptions } from "../../../src/kube/client.ts";
import { loadKubeConfig } from "../../../src/kube/connection.ts";
import { CONFIG_MAP, NAMESPACE, type KubeObject, type ResourceType } from "../../../src/kube/resource.ts";
import { eventually } from "../runtime/eventually.ts";
import { answer, answerStatus, HttpApi } from "./http-api.ts";

const ROUTE: ResourceType = {
  group: "kjo.dev",
  version: "v1alpha1",
  plural: "kongroutes",
  kind: "KongRoute",
  namespaced: true,
};
const REF = { namespace: "team-a", name: "users" };

describe("kube/client", () => {
  let api: HttpApi;
  let client: KubeClient;

  async function connect(user?: object, path?: string, options: Partial<KubeClientOptions> = {}): Promise<KubeClient> {
    await client?.close();
    return (client = new KubeClient({ config: loadKubeConfig(await api.kubeconfig(user, path)), ...options }));
  }

  beforeEach(async () => {
    api = await HttpApi.start();
    await connect();
  });
  afterEach(async () => {
    await client.close();
    await api.stop();
  });

  describe("asks", () => {
    const ASKS: readonly [string, () => Promise<unknown>, string, string][] = [
      [
        "for one object",
        () => client.get(ROUTE, REF),
        "GET",
        "/apis/kjo.dev/v1alpha1/namespaces/team-a/kongroutes/users",
      ],
      ["for a core object", () => client.get(CONFIG_MAP, REF), "GET", "/api/v1/namespaces/team-a/configmaps/users"],
      [
        "for a cluster-scoped object",
        () => client.get(NAMESPACE, { namespace: "", name: "x" }),
        "GET",
        "/api/v1/namespaces/x",
      ],
      [
        "to create",
        () => client.create(ROUTE, "team-a", {}, { fieldValidation: "Strict" }),
        "POST",
        "/apis/kjo.dev/v1alpha1/namespaces/team-a/kongroutes?fieldManager=kong-jenkins-operator&fieldValidation=Strict",
      ],
      [
        "to apply to the status",
        () => client.patch(ROUTE, REF, { kind: "apply", body: {}, force: true }, { subresource: "status" }),
        "PATCH",
        "/apis/kjo.dev/v1alpha1/namespaces/team-a/kongroutes/users/status?fieldManager=kong-jenkins-operator&force=true",
      ],
      [
        "to delete",
        () => client.delete(ROUTE, REF, { uid: "u" }),
        "DELETE",
        "/apis/kjo.dev/v1alpha1/namespaces/team-a/kongroutes/users",
      ],
    ];
    for (const [what, ask, method, path] of ASKS) {
      it(what, async () => {
        await ask();
        const [{ method: sent, url, headers }] = api.received as [(typeof api.received)[0]];
        assert.deepEqual([sent, url.pathname + url.search], [method, path]);
        assert.equal(headers.authorization, "Bearer t0ken");
      });
    }

    it("with the content type of each patch", async () => {
      for (const kind of ["json", "merge", "apply"] as const) await client.patch(ROUTE, REF, { kind, body: [] });
      assert.deepEqual(
        api.received.map(({ headers }) => headers["content-type"]),
        ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"],
      );
    });

    it("below the path of the server's address", async () => {
      await (await connect(undefined, "/k8s/clusters/c-1/")).get(CONFIG_MAP, REF);
      assert.equal(api.received[0]?.url.pathname, "/k8s/clusters/c-1/api/v1/namespaces/team-a/configmaps/users");
    });
  });

  it("reads a list page by page and gives every item its kind", async () => {
    const items = [{ metadata: { name: "a" } }, { metadata: { name: "b" } }, { metadata: { name: "c" } }];
    api.handler = ({ url }, response) => {
      const at = Number(url.searchParams.get("continue") ?? 0);
      const metadata = { resourceVersion: "7", ...(at < 2 ? { continue: String(at + 1) } : {}) };
      answer(response, 200, { kind: "ConfigMapList", apiVersion: "v1", metadata, items: [items[at]] });
    };
    const list = await client.list(CONFIG_MAP, { namespace: "team-a", labelSelector: "a=b" });
    assert.deepEqual(
      list.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name]),
      [
        ["ConfigMap", "v1", "a"],
        ["ConfigMap", "v1", "b"],
        ["ConfigMap", "v1", "c"],
      ],
    );
    assert.equal(list.resourceVersion, "7");
    assert.deepEqual(
      api.received.map(({ url }) => [url.searchParams.get("limit"), url.searchParams.get("labelSelector")]),
      [
        ["500", "a=b"],
        ["500", "a=b"],
        ["500", "a=b"],
      ],
    );
  });

  it("keeps its connections for requests that follow each other", async () => {
    for (let number = 0; number < 20; number++) await client.get(CONFIG_MAP, REF);
    // The pool opens a second where the first has not yet noticed the end of its answer.
    assert.ok(api.connections <= 2, String(api.connections));
  });

  it("has at most 32 requests under way, and lets urgent ones pass", async () => {
    const open: (() => void)[] = [];
    api.handler = (_request, response) => void open.push(() => answer(response, 200, {}));
    const asked = Array.from({ length: 40 }, () => client.get(CONFIG_MAP, REF));
    await eventually(() => open.length === 32, "32 requests");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(open.length, 32);
    const urgent = client.get(CONFIG_MAP, REF, { urgent: true });
    await eventually(() => open.length === 33, "the urgent one");
    const answering = setInterval(() => open.splice(0).forEach((respond) => respond()), 1);
    await Promise.all([...asked, urgent]);
    clearInterval(answering);
  });

  describe("gives errors their class", () => {
    const ERRORS = [
      [409, "Conflict", ConflictError, "Conflict"],
      [409, "AlreadyExists", KubeApiError, "AlreadyExists"],
      [404, "NotFound", KubeApiError, "NotFound"],
      [410, "Expired", KubeApiError, "Expired"],
      [422, "Invalid", KubeApiError, "Invalid"],
      [500, "InternalError", KubeApiError, "InternalError"],
    ] as const;
    for (const [code, reason, type, expected] of ERRORS) {
      it(`${code} ${reason} as ${type.name}`, async () => {
        api.handler = (_request, response) => answerStatus(response, code, reason, "because");
        await assert.rejects(client.get(ROUTE, REF), (error: unknown) => {
          assert.ok(error instanceof type);
          assert.equal(error.reason, expected);
          assert.equal(error.message, "get kongroutes team-a/users: because");
          return true;
        });
        assert.equal(api.received.length, 1);
      });
    }

    it("an answer that is no Status by its number", async () => {
      api.handler = (_request, response) => response.writeHead(502).end("<html>bad gateway</html>");
      await assert.rejects(client.get(ROUTE, REF), { name: "KubeApiError", reason: "Http502", status: 502 });
    });

    it("no answer as status 0", async () => {
      api.handler = (_request, response) => response.destroy();
      await assert.rejects(client.get(ROUTE, REF), { name: "KubeApiError", status: 0, reason: "Unreachable" });
    });

    it("an answer cut off in the middle as status 0", async () => {
      api.handler = (_request, response) => {
        response.writeHead(200, { "content-length": "100" }).write("{");
        setTimeout(() => response.destroy(), 5);
      };
      await assert.rejects(client.get(ROUTE, REF), { name: "KubeApiError", status: 0 });
    });

    it("its own abort as AbortError", async () => {
      api.handler = () => undefined;
      const abort = new AbortController();
      const asked = client.get(ROUTE, REF, { signal: abort.signal });
      await eventually(() => api.received.length === 1, "the request");
      abort.abort();
      await assert.rejects(asked, { name: "AbortError" });
    });
  });

  it("comes back when 429 says so", async () => {
    api.handler = (_request, response) =>
      api.received.length < 3
        ? answerStatus(response, 429, "TooManyRequests", "…", { "retry-after": "0" })
        : answer(response, 200, { ok: true });
    assert.deepEqual(await client.get(ROUTE, REF), { ok: true });
    assert.equal(api.received.length, 3);
  });

  it("gives up on 429 in the end, with the delay for the caller", async () => {
    api.handler = (_request, response) => answerStatus(response, 429, "TooManyRequests", "…", { "retry-after": "0" });
    await assert.rejects(client.get(ROUTE, REF), { reason: "TooManyRequests", retryAfterMs: 0 });
    assert.equal(api.received.length, 6);
  });

  it("tells the observer of each answer", async () => {
    const seen: unknown[] = [];
    await connect(undefined, undefined, { onRequest: ({ durationMs: _ms, ...rest }) => seen.push(rest) });
    await client.patch(ROUTE, REF, { kind: "merge", body: {} }, { subresource: "status" });
    api.handler = (_request, response) => answerStatus(response, 404, "NotFound");
    await client.get(ROUTE, REF).catch(() => undefined);
    api.handler = (_request, response) => response.destroy();
    await client.get(ROUTE, REF).catch(() => undefined);
    assert.deepEqual(seen, [
      { verb: "patch", resource: "kongroutes/status", status: 200 },
      { verb: "get", resource: "kongroutes", status: 404 },
      { verb: "get", resource: "kongroutes", status: 0 },
    ]);
  });

  describe("watches", () => {
    const event = (name: string): string => JSON.stringify({ type: "ADDED", object: { metadata: { name } } });

    async function names(): Promise<string[]> {
      const found: string[] = [];
      const options = { resourceVersion: "5", timeoutSeconds: 300 };
      for await (const { object } of client.watch<KubeObject>(ROUTE, options)) found.push(object.metadata.name);
      return found;
    }

    it("from a version, with bookmarks", async () => {
      await names();
      const { url } = api.received[0]!;
      assert.equal(url.search, "?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300");
      assert.equal(url.pathname, "/apis/kjo.dev/v1alpha1/kongroutes");
    });

    it("events however they are cut into pieces", async () => {
      const bytes = Buffer.from(`${event("größe")}\n${event("b")}\n`);
      api.handler = (_request, response) => {
        response.writeHead(200);
        let at = 0;
        const timer = setInterval(() => {
          // Seven bytes at a time cut lines and characters.
          response.write(bytes.subarray(at, (at += 7)));
          if (at < bytes.length) return;
          clearInterval(timer);
          response.end();
        }, 1);
      };
      assert.deepEqual(await names(), ["größe", "b"]);
    });

    it("and says when the connection broke", async () => {
      api.handler = (_request, response) => {
        response.writeHead(200).write(`${event("a")}\n`);
        setTimeout(() => response.destroy(), 5);
      };
      await assert.rejects(names(), { name: "KubeApiError", status: 0 });
    });

    it("and answers 410 as Expired", async () => {
      api.handler = (_request, response) => answerStatus(response, 410, "Expired");
      await assert.rejects(names(), { status: 410 });
    });

    it("until it is aborted, and leaves no connection behind", async () => {
      const abort = new AbortController();
      let closed = false;
      api.handler = (_request, response) => {
        response.on("close", () => (closed = true));
        response.writeHead(200).write(`${event("a")}\n`);
      };
      const watch = client.watch(ROUTE, { resourceVersion: "5", timeoutSeconds: 300, signal: abort.signal });
      await watch.next();
      abort.abort();
      await assert.rejects(watch.next(), { name: "AbortError" });
      await eventually(() => closed, "the connection's end");
    });
  });

  describe("logs in", () => {
    it("with a user and a password", async () => {
      await (await connect({ username: "kjo", password: "pw" })).get(CONFIG_MAP, REF);
      assert.equal(api.received[0]?.headers.authorization, `Basic ${Buffer.from("kjo:pw").toString("base64")}`);
    });

    it("with what a program prints, run once for many requests", async () => {
      const program = join(api.folder, "login");
      const credential = { kind: "ExecCredential", status: { token: "from-program" } };
      await writeFile(program, `#!/bin/sh\necho x >> ${api.folder}/runs\necho '${JSON.stringify(credential)}'\n`);
      await chmod(program, 0o755);
      const exec = { apiVersion: "client.authentication.k8s.io/v1", command: program, interactiveMode: "Never" };
      await connect({ exec });
      await Promise.all(Array.from({ length: 5 }, () => client.get(CONFIG_MAP, REF)));
      assert.deepEqual(
        new Set(api.received.map(({ headers }) => headers.authorization)),
        new Set(["Bearer from-program"]),
      );
      assert.equal(await readFile(join(api.folder, "runs"), "utf8"), "x\n");
    });

    it("anew once after a 401", async () => {
      api.handler = (_request, response) =>
        api.received.length === 1 ? answerStatus(response, 401, "Unauthorized") : answer(response, 200, { ok: true });
      assert.deepEqual(await client.get(CONFIG_MAP, REF), { ok: true });
    });

    it("no more after a second 401", async () => {
      api.handler = (_request, response) => answerStatus(response, 401, "Unauthorized");
      await assert.rejects(client.get(CONFIG_MAP, REF), { status: 401, reason: "Unauthorized" });
      assert.equal(api.received.length, 2);
    });
  });

  it("names the kubeconfig that cannot be used", async () => {
    assert.throws(() => loadKubeConfig("/nonexistent/kubeconfig"), /ENOENT.*\/nonexistent\/kubeconfig/);
    await writeFile(join(api.folder, "empty"), "{}");
    assert.throws(() => loadKubeConfig(join(api.folder, "empty")), /empty: the current context names no cluster/);
  });
});
