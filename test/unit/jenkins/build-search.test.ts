import assert from "node:assert/strict";
import { readBuild, readQueueItem, type Build, type QueueItem } from "../../../src/jenkins/answers.ts";
import { isBuild, isItem, searchBuild, type BuildClue } from "../../../src/jenkins/build-search.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const CLUE: BuildClue = {
  path: "/job/team/job/the%20app",
  queueId: 4,
  marks: ["KJO_BUILD_ID=mine", "kjo mine"],
  markPrefixes: ["KJO_BUILD_ID=", "kjo "],
  notBeforeMs: T0,
};

function actions(parameters: Readonly<Record<string, string>>, note?: string) {
  return [
    {},
    { parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })) },
    { causes: [note === undefined ? {} : { note }] },
  ];
}

function item(over: object, parameters = {}, note?: string): QueueItem {
  const task = { url: "https://public.test/jenkins/job/team/job/the%20app/" };
  return readQueueItem({ id: 4, inQueueSince: T0 + 1000, task, actions: actions(parameters, note), ...over } as never)!;
}

function build(over: object, parameters = {}, note?: string): Build {
  return readBuild({
    number: 1,
    queueId: 4,
    timestamp: T0 + 1000,
    actions: actions(parameters, note),
    ...over,
  } as never)!;
}

describe("jenkins/build-search", () => {
  const ours: readonly [says: string, it: QueueItem, isOurs: boolean][] = [
    ["an item with our id, whatever its number", item({ id: 9 }, { KJO_BUILD_ID: "mine" }), true],
    ["an item with our cause", item({ id: 9 }, {}, "kjo mine"), true],
    ["an item of our number without marks", item({}), true],
    ["an item of our number with another's id", item({}, { KJO_BUILD_ID: "another" }), false],
    ["an item of our number with another's cause", item({}, {}, "kjo another"), false],
    ["an item of our number of a person, who left the id empty", item({}, { KJO_BUILD_ID: "" }), true],
    ["an item of our number that is too old", item({ inQueueSince: T0 - 300_000 }), false],
    ["an item of our number of another job", item({ task: { url: "https://public.test/job/other/" } }), false],
    ["an item of another number", item({ id: 5 }), false],
  ];
  for (const [says, each, isOurs] of ours) {
    it(`${says} is ${isOurs ? "" : "not "}ours`, () => assert.equal(isItem(each, CLUE), isOurs));
  }

  it("knows builds by the same", () => {
    assert.ok(isBuild(build({ queueId: 9 }, { KJO_BUILD_ID: "mine" }), CLUE));
    assert.ok(isBuild(build({}), CLUE));
    assert.ok(!isBuild(build({}, { KJO_BUILD_ID: "another" }), CLUE));
    assert.ok(!isBuild(build({ timestamp: T0 - 300_000 }), CLUE));
  });

  it("looks through older builds until they are older than the wish", async () => {
    const pages: number[] = [];
    const client = {
      queue: () => Promise.resolve([]),
      builds: (_path: string, page = 0) => {
        pages.push(page);
        const startedMs = T0 + 400_000 - page * 200_000;
        return Promise.resolve(
          Array.from({ length: 100 }, (_, index) =>
            build(
              { number: 1000 - page * 100 - index, queueId: 50, timestamp: startedMs },
              { KJO_BUILD_ID: "another" },
            ),
          ),
        );
      },
    };
    assert.deepEqual(await searchBuild(client, CLUE), { item: undefined, hasOthers: false });
    assert.deepEqual(pages, [0, 1, 2, 3]);
  });

  it("says where the job was asked for by somebody without a mark", async () => {
    const client = (builds: Build[], queue: QueueItem[] = []) => ({
      queue: () => Promise.resolve(queue),
      builds: () => Promise.resolve(builds),
    });
    const clue = { ...CLUE, queueId: undefined };
    assert.ok((await searchBuild(client([build({})]), clue)).hasOthers);
    assert.ok((await searchBuild(client([], [item({})]), clue)).hasOthers);
    assert.ok(!(await searchBuild(client([build({ timestamp: T0 - 300_000 })]), clue)).hasOthers);
    const elsewhere = item({ task: { url: "https://public.test/job/other/" } });
    assert.ok(!(await searchBuild(client([], [elsewhere]), clue)).hasOthers);
  });
});
