import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { withFileLock } from "../dev/file-lock.mjs";

describe("test/dev/file-lock", () => {
  let folder: string;
  let lock: string;

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-lock-"));
    lock = path.join(folder, "deep", "work.lock");
  });
  afterEach(async () => fs.rm(folder, { recursive: true, force: true }));

  it("lets one work at a time", async () => {
    let working = 0;
    const work = async (value: number) => {
      working += 1;
      assert.equal(working, 1);
      await delay(20);
      working -= 1;
      return value;
    };
    const results = await Promise.all([1, 2, 3].map((value) => withFileLock(lock, () => work(value))));
    assert.deepEqual(results, [1, 2, 3]);
    assert.deepEqual(await fs.readdir(path.dirname(lock)), []);
  });

  it("tells who is waited for, once", async () => {
    const owners: string[] = [];
    const holder = withFileLock(lock, () => delay(600));
    await withFileLock(lock, async () => undefined, { onWait: (owner) => owners.push(owner) });
    await holder;
    assert.deepEqual(owners, [`process ${process.pid}`]);
  });

  it("is released by work that fails", async () => {
    await assert.rejects(
      withFileLock(lock, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    assert.equal(await withFileLock(lock, async () => "next"), "next");
  });

  it("is taken over from a process that is gone", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    await fs.mkdir(path.dirname(lock));
    await fs.writeFile(lock, JSON.stringify({ pid, host: os.hostname(), id: "gone" }));
    assert.equal(await withFileLock(lock, async () => "next"), "next");
  });

  it("is taken over from an owner elsewhere that has been silent for long, and from no other", async () => {
    await fs.mkdir(path.dirname(lock));
    await fs.writeFile(lock, JSON.stringify({ pid: process.pid, host: "elsewhere.test", id: "silent" }));
    const next = withFileLock(lock, async () => "next");
    assert.equal(await Promise.race([next, delay(400, "waiting")]), "waiting");
    const longAgo = new Date(Date.now() - 120_000);
    await fs.utimes(lock, longAgo, longAgo);
    assert.equal(await next, "next");
  });
});
