import assert from "node:assert/strict";
import { failoverTransport } from "../../../src/kong/failover-transport.ts";
import {
  TransportError,
  type AdminTransport,
  type TransportFailure,
  type TransportRequest,
} from "../../../src/kong/transport.ts";

type Mood = TransportFailure | "well";

/** One address that answers with its name, or fails as the test wants. */
class Address implements AdminTransport {
  readonly name: string;
  readonly asked: string[] = [];
  mood: Mood;
  isClosed = false;

  constructor(name: string, mood: Mood = "well") {
    this.name = name;
    this.mood = mood;
  }

  send({ method, path }: TransportRequest) {
    this.asked.push(`${method} ${path}`);
    if (this.mood !== "well") return Promise.reject(new TransportError(this.mood, `${this.name}: ${this.mood}`));
    return Promise.resolve({
      status: 200,
      contentType: "application/json",
      retryAfter: undefined,
      body: JSON.stringify(this.name),
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const read = (made: AdminTransport): Promise<string> => ask(made, "GET");
const write = (made: AdminTransport): Promise<string> => ask(made, "PUT");

async function ask(made: AdminTransport, method: "GET" | "PUT"): Promise<string> {
  return JSON.parse((await made.send({ method, path: "/x", headers: {} })).body) as string;
}

const failsAs = (failure: TransportFailure) => (error: unknown) =>
  error instanceof TransportError && error.failure === failure;

describe("kong/failover-transport", () => {
  it("stays with one address as long as that answers", async () => {
    const [a, b] = [new Address("a"), new Address("b")];
    const made = failoverTransport([a, b]);
    for (let count = 0; count < 5; count++) assert.equal(await write(made), "a");
    assert.deepEqual(b.asked, []);
  });

  it("goes on to the next address where nothing was sent, and stays there", async () => {
    for (const mood of ["refused", "tls"] as const) {
      const [a, b] = [new Address("a", mood), new Address("b")];
      const made = failoverTransport([a, b]);
      assert.equal(await write(made), "b", mood);
      a.mood = "well";
      assert.equal(await write(made), "b", mood);
      assert.equal(a.asked.length, 1);
    }
  });

  it("never repeats elsewhere what may have been written, and asks elsewhere from then on", async () => {
    for (const mood of ["lost", "timeout"] as const) {
      const [a, b] = [new Address("a", mood), new Address("b")];
      const made = failoverTransport([a, b]);
      await assert.rejects(write(made), failsAs(mood));
      assert.deepEqual(b.asked, []);
      assert.equal(await write(made), "b", mood);
      assert.equal(a.asked.length, 1);
    }
  });

  it("repeats elsewhere what only reads", async () => {
    for (const mood of ["lost", "timeout", "refused"] as const) {
      const made = failoverTransport([new Address("a", mood), new Address("b")]);
      assert.equal(await read(made), "b", mood);
    }
  });

  it("comes back to the first address when the last is away too", async () => {
    const all = [new Address("a", "refused"), new Address("b", "refused"), new Address("c")] as const;
    const made = failoverTransport(all);
    assert.equal(await write(made), "c");
    all[2].mood = "refused";
    all[0].mood = "well";
    assert.equal(await write(made), "a");
  });

  it("asks each address once where all are away", async () => {
    const all = [new Address("a", "refused"), new Address("b", "lost"), new Address("c", "timeout")];
    await assert.rejects(read(failoverTransport(all)), failsAs("timeout"));
    assert.deepEqual(
      all.map(({ asked }) => asked.length),
      [1, 1, 1],
    );
  });

  it("moves on once for many requests that fail at the same time", async () => {
    const all = [new Address("a", "refused"), new Address("b"), new Address("c")];
    const made = failoverTransport(all);
    const answers = await Promise.all(Array.from({ length: 8 }, () => write(made)));
    assert.deepEqual(new Set(answers), new Set(["b"]));
  });

  it("does not take an answer that is too large for an address that is away", async () => {
    const [a, b] = [new Address("a", "tooLarge"), new Address("b")];
    await assert.rejects(read(failoverTransport([a, b])), failsAs("tooLarge"));
    assert.deepEqual(b.asked, []);
  });

  it("says that a Service has no endpoints", async () => {
    await assert.rejects(read(failoverTransport([])), /no endpoints/);
  });

  it("closes all of its addresses", async () => {
    const all = [new Address("a"), new Address("b")];
    await failoverTransport(all).close();
    assert.deepEqual(
      all.map(({ isClosed }) => isClosed),
      [true, true],
    );
  });
});
