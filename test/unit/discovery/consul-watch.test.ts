import assert from "node:assert/strict";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { ConsulQuery } from "../../../src/discovery/consul-query.ts";
import { ConsulWatches } from "../../../src/discovery/consul-watches.ts";
import type { ConsulTimes } from "../../../src/discovery/consul-watch.ts";
import { createLogger } from "../../../src/runtime/logger.ts";
import { eventually } from "../runtime/eventually.ts";
import { at, ConsulServer, instance, type Answer } from "./consul-server.ts";

const TIMES: ConsulTimes = {
  waitSeconds: 60,
  answerMs: 8_000,
  graceMs: 0,
  retry: { baseMs: 5, maxMs: 20 },
  pace: { burst: 1000, refillMs: 1 },
};

describe("discovery/consul-watches", () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function server(...answers: readonly Answer[]): Promise<ConsulServer> {
    const consul = await ConsulServer.start(...answers);
    ends.push(() => consul.stop());
    return consul;
  }

  function watches(times: Partial<ConsulTimes> = {}) {
    const told: string[][] = [];
    const results: string[] = [];
    const lines: string[] = [];
    const all = new ConsulWatches({
      logger: createLogger({ level: "debug", format: "json", write: (line) => lines.push(line) }),
      onChange: (followers) => void told.push([...followers]),
      onResult: (result) => results.push(result),
      times: { ...TIMES, ...times },
    });
    ends.push(() => all.stop());
    return { all, told, results, lines };
  }

  const query = (consul: ConsulServer, fields: Partial<ConsulQuery> = {}): ConsulQuery => ({
    url: consul.url,
    service: "order",
    tags: [],
    ...fields,
  });

  /** What a follower of one query knows, in short. */
  function known(all: ConsulWatches, asked: ConsulQuery, follower = "a"): string {
    const [state] = all.follow(follower, [asked]);
    const { endpoints, problem } = state ?? {};
    const what = endpoints ? endpoints.map(({ address, port }) => `${address}:${port}`).join(" ") : "nothing";
    return problem ? `${what}; ${problem.reason}` : what;
  }

  it("knows nothing at first, then what Consul tells, and tells its follower", async () => {
    const consul = await server(at(3, instance("a", 1)), "silence");
    const { all, told } = watches();
    assert.equal(known(all, query(consul)), "nothing");
    await eventually(() => told.length > 0, "the first answer");
    assert.equal(known(all, query(consul)), "a:1");
    assert.deepEqual(told, [["a"]]);
    await eventually(() => consul.asked.length === 2, "the second question");
    assert.deepEqual(consul.indexes, [0, 3]);
    assert.match(consul.asked[1]?.parameters.get("wait") ?? "", /^(5[4-9]|6[0-6])s$/);
  });

  it("says nothing of an answer that is the same", async () => {
    const same = instance("a", 1);
    const consul = await server(at(3, same), at(4, same), at(5, same), at(6, instance("b", 1)), "silence");
    const { all, told, results } = watches();
    all.follow("a", [query(consul)]);
    await eventually(() => consul.asked.length === 5, "five questions");
    assert.deepEqual(results, ["changed", "unchanged", "unchanged", "changed"]);
    assert.equal(told.length, 2);
  });

  it("asks anew where the index goes backwards, and waits at 1 where it is 0", async () => {
    const consul = await server(at(9), at(4), at(0), at(0), at(6), "silence");
    const { all } = watches();
    all.follow("a", [query(consul)]);
    await eventually(() => consul.asked.length === 6, "six questions");
    assert.deepEqual(consul.indexes, [0, 9, 0, 1, 1, 6]);
  });

  it("slows down where a service flaps", async () => {
    const consul = await server(at(2));
    const { all } = watches({ pace: { burst: 5, refillMs: 100 } });
    all.follow("a", [query(consul)]);
    await delay(350);
    assert.ok(consul.asked.length >= 6 && consul.asked.length <= 11, `${consul.asked.length} questions`);
  });

  it("keeps what it knew while Consul is away, says so once, and asks anew when it is back", async () => {
    const consul = await server(at(3, instance("a", 1)), "reset");
    const { all, told, results, lines } = watches();
    all.follow("a", [query(consul)]);
    await eventually(() => known(all, query(consul)) === "a:1; ConsulUnavailable", "the problem");
    await eventually(() => results.length > 6, "more failures");
    assert.equal(told.length, 2);
    assert.equal(lines.filter((line) => line.includes("cannot be followed")).length, 1);
    consul.answer({ status: 500 }, at(2, instance("b", 1)), "silence");
    await eventually(() => known(all, query(consul)) === "b:1", "what follows");
    assert.equal(told.length, 3);
    assert.equal(consul.indexes.at(-2), 0);
  });

  it("does not tell of a failure that is over before the grace is", async () => {
    const consul = await server(at(3, instance("a", 1)), "reset", { status: 500 }, at(3, instance("a", 1)), "silence");
    const { all, told, results } = watches({ graceMs: 5_000 });
    all.follow("a", [query(consul)]);
    await eventually(() => results.length === 4, "the recovery");
    assert.deepEqual(results, ["changed", "ConsulUnavailable", "ConsulUnavailable", "unchanged"]);
    assert.equal(told.length, 1);
  });

  it("tells again where the reason becomes another, and keeps the first words of a reason", async () => {
    const consul = await server({ status: 500 }, { status: 503 }, { status: 500 }, { status: 403 });
    const { all, told } = watches();
    all.follow("a", [query(consul)]);
    await eventually(() => known(all, query(consul)) === "nothing; ConsulDenied", "the denial");
    assert.equal(told.length, 2);
  });

  it("tells that it knows nothing where nothing listens", async () => {
    const consul = await server();
    const { all, told } = watches();
    await consul.stop();
    ends.splice(0, 1);
    all.follow("a", [query(consul)]);
    await eventually(() => told.length === 1, "the problem");
    assert.equal(known(all, query(consul)), "nothing; ConsulUnavailable");
    assert.deepEqual(all.counts(), { known: 0, stale: 0, unknown: 1 });
  });

  it("believes that no instance passes", async () => {
    const consul = await server(at(3, instance("a", 1)), at(4), "silence");
    const { all, told } = watches();
    all.follow("a", [query(consul)]);
    await eventually(() => told.length === 2, "the second answer");
    assert.equal(known(all, query(consul)), "");
    assert.deepEqual(all.counts(), { known: 1, stale: 0, unknown: 0 });
  });

  it("sends the token as a header, never in the address, and follows no redirect with it", async () => {
    const other = await server(at(1));
    const consul = await server({ status: 307, headers: { location: `${other.url}/v1/health/service/order` } });
    const { all, lines } = watches();
    const asked = query(consul, { token: "s3cret-token" });
    all.follow("a", [asked]);
    await eventually(() => known(all, asked) === "nothing; ConsulRefused", "the redirect");
    assert.equal(consul.asked[0]?.headers["x-consul-token"], "s3cret-token");
    assert.ok(!JSON.stringify([...(consul.asked[0]?.parameters ?? [])]).includes("s3cret"));
    assert.equal(other.asked.length, 0);
    assert.ok(!lines.join("").includes("s3cret"));
  });

  it("asks once what two ask alike, and ends with the last of them", async () => {
    const consul = await server(at(3, instance("a", 1)), "silence");
    const { all, told } = watches();
    all.follow("a", [query(consul)]);
    all.follow("b", [query(consul)]);
    await eventually(() => consul.asked.length === 2, "the blocking question");
    assert.deepEqual(told, [["a", "b"]]);
    all.follow("a", []);
    assert.deepEqual(all.counts(), { known: 1, stale: 0, unknown: 0 });
    all.follow("b", []);
    assert.deepEqual(all.counts(), { known: 0, stale: 0, unknown: 0 });
    await delay(30);
    assert.equal(consul.asked.length, 2);
  });

  it("asks twice with two tokens, and shows nobody what another's token shows", async () => {
    const consul = await server(at(3, instance("a", 1)), "silence");
    const { all } = watches();
    all.follow("a", [query(consul, { token: "token-a" })]);
    await eventually(() => consul.asked.length === 2, "the first watch");
    consul.answer({ status: 403 });
    all.follow("b", [query(consul, { token: "token-b" })]);
    await eventually(
      () => known(all, query(consul, { token: "token-b" }), "b") === "nothing; ConsulDenied",
      "a denial",
    );
    assert.equal(known(all, query(consul, { token: "token-a" })), "a:1");
  });

  it("keeps what it knew over a change of the token, also where the new one is refused", async () => {
    const consul = await server(at(3, instance("a", 1)), "silence");
    const { all } = watches();
    all.follow("a", [query(consul, { token: "old" })]);
    await eventually(() => known(all, query(consul, { token: "old" })) === "a:1", "the first answer");
    consul.answer({ status: 403 });
    const asked = query(consul, { token: "new" });
    assert.equal(known(all, asked), "a:1");
    await eventually(() => known(all, asked) === "a:1; ConsulDenied", "the denial");
    consul.answer(at(5, instance("b", 1)), "silence");
    await eventually(() => known(all, asked) === "b:1", "the answer");
    assert.deepEqual(all.counts(), { known: 1, stale: 0, unknown: 0 });
  });

  it("takes a token that cannot be a header, and a certificate that is none, for problems of Consul's", async () => {
    const consul = await server(at(3));
    const { all, told } = watches();
    all.follow("a", [query(consul, { token: "line\nbreak" })]);
    all.follow("b", [query(consul, { url: consul.url.replace("http", "https"), tls: { ca: "no PEM" } })]);
    await eventually(() => told.length >= 2, "both problems");
    assert.deepEqual(all.counts(), { known: 0, stale: 0, unknown: 2 });
  });

  it("stops at once while a question is held, and leaves no connection", async () => {
    const consul = await server("silence");
    const { all } = watches();
    all.follow("a", [query(consul)]);
    await eventually(() => consul.asked.length === 1, "the question");
    const startedMs = performance.now();
    await all.stop();
    assert.ok(performance.now() - startedMs < 1_000);
    assert.deepEqual(all.follow("a", [query(consul)]), [{ endpoints: undefined, problem: undefined }]);
    await delay(20);
    assert.equal(consul.asked.length, 1);
  });

  it("gives up on a Consul that takes the connection and says nothing", async () => {
    const sockets = new Set<net.Socket>();
    const silent = net.createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    ends.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    });
    const { all, told } = watches({ answerMs: 100 });
    const { port } = silent.address() as net.AddressInfo;
    all.follow("a", [{ url: `http://127.0.0.1:${port}`, service: "order", tags: [] }]);
    await eventually(() => told.length === 1, "the problem");
  });
});
