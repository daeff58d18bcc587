import assert from "node:assert/strict";
import { BuildFollower, type Sighting } from "../../../src/jenkins/build-follower.ts";
import { clientOver, FakeTransport } from "./fake-transport.ts";

interface FakeBuild {
  readonly number: number;
  readonly queueId: number;
  readonly building: boolean;
}

/** A Jenkins with a queue, items that have left it, and builds of jobs. */
class Shown {
  queue: number[] = [];
  left: Record<number, { cancelled: boolean; number?: number }> = {};
  builds: Record<string, FakeBuild[]> = {};
  /** Not among the newest. */
  older: FakeBuild[] = [];
  isAway = false;
  readonly transport = new FakeTransport(({ path }) => {
    if (this.isAway) return "refused";
    const [where = ""] = path.split("?");
    const json = this.#answer(where.replace("/jenkins", ""));
    return json === undefined ? { status: 404 } : { body: JSON.stringify(json) };
  });

  #answer(path: string): unknown {
    if (path === "/queue/api/json") return { items: this.queue.map((id) => ({ id, why: "busy" })) };
    const item = /^\/queue\/item\/(\d+)\/api\/json$/.exec(path)?.[1];
    if (item !== undefined) {
      const left = this.left[Number(item)];
      return left && { id: Number(item), cancelled: left.cancelled, executable: { number: left.number } };
    }
    const [, job = "", number] = /^\/job\/(\w+)(?:\/(\d+))?\/api\/json$/.exec(path) ?? [];
    const builds = (this.builds[job] ?? []).map((build) => ({ ...build, result: build.building ? null : "SUCCESS" }));
    if (number === undefined) return { builds };
    return [...builds, ...this.older].find((build) => build.number === Number(number));
  }
}

describe("jenkins/build-follower", () => {
  let jenkins: Shown;
  let told: [string, Sighting["state"]][];
  let failures: number;
  let follower: BuildFollower;
  let ending: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    jenkins = new Shown();
    told = [];
    failures = 0;
    const client = clientOver(jenkins.transport);
    follower = new BuildFollower({
      client: () => client,
      pollMs: () => 1,
      onSighting: (key, { state }) => told.push([key, state]),
      onFailure: () => (failures += 1),
    });
    ending = new AbortController();
    running = follower.run(ending.signal);
  });

  afterEach(async () => {
    ending.abort();
    await running;
  });

  const clue = (queueId: number, job = "app") => ({
    path: `/job/${job}`,
    queueId,
    marks: [],
    markPrefixes: [],
    notBeforeMs: 0,
  });

  async function until(check: () => boolean): Promise<void> {
    for (let tries = 0; tries < 2_000 && !check(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.ok(check(), JSON.stringify(told));
  }

  it("asks nothing while nothing is followed", async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(jenkins.transport.lines, []);
    jenkins.queue = [1];
    follower.follow("a", clue(1));
    await until(() => told.length === 1);
    follower.forget("a");
    await new Promise((resolve) => setTimeout(resolve, 10));
    const asked = jenkins.transport.lines.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(jenkins.transport.lines.length, asked);
  });

  it("tells each change once, from the queue to the end", async () => {
    jenkins.queue = [1];
    follower.follow("a", clue(1));
    await until(() => told.length === 1);
    jenkins.builds = { app: [{ number: 3, queueId: 1, building: true }] };
    jenkins.queue = [];
    await until(() => told.length === 2);
    jenkins.builds = { app: [{ number: 3, queueId: 1, building: false }] };
    await until(() => told.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(told, [
      ["a", "queued"],
      ["a", "built"],
      ["a", "built"],
    ]);
  });

  it("looks at many builds with one request for the queue and one for each job", async () => {
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
    jenkins.queue = numbers.slice(0, 20);
    jenkins.builds = { app: numbers.slice(20).map((number) => ({ number, queueId: number, building: true })) };
    for (const number of numbers) follower.follow(`b${number}`, clue(number));
    await until(() => told.length === 50);
    const firstLook = jenkins.transport.lines.slice(0, 2);
    assert.deepEqual(firstLook, ["GET /jenkins/queue/api/json", "GET /jenkins/job/app/api/json"]);
  });

  it("tells of an item that was taken out", async () => {
    jenkins.left = { 1: { cancelled: true } };
    follower.follow("a", clue(1));
    await until(() => told.length === 1);
    assert.deepEqual(told, [["a", "cancelled"]]);
  });

  it("finds a build that is not among the newest", async () => {
    jenkins.left = { 1: { cancelled: false, number: 7 } };
    jenkins.older = [{ number: 7, queueId: 1, building: true }];
    follower.follow("a", clue(1));
    await until(() => told.length === 1);
    assert.deepEqual(told, [["a", "built"]]);
  });

  it("counts the looks without a build, and not those that failed", async () => {
    jenkins.isAway = true;
    follower.follow("a", clue(1));
    await until(() => failures >= 3);
    assert.deepEqual(told, []);
    jenkins.isAway = false;
    await until(() => told.length >= 3);
    const sighting = follower.sightingOf("a");
    assert.ok(sighting?.state === "missing" && sighting.looks >= 3);
  });
});
