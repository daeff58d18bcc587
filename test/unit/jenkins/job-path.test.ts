import assert from "node:assert/strict";
import { fullJobName, jobPath } from "../../../src/jenkins/job-path.ts";

describe("jenkins/job-path", () => {
  const rows: readonly [job: string, branch: string | undefined, path: string, fullName: string][] = [
    ["app", undefined, "/job/app", "app"],
    ["team/the app", undefined, "/job/team/job/the%20app", "team/the app"],
    ["team/app", "main", "/job/team/job/app/job/main", "team/app/main"],
    ["app", "feature/x", "/job/app/job/feature%252Fx", "app/feature%2Fx"],
    ["app", "50%#[a]?\\", "/job/app/job/50%2525%2523%255Ba%255D%253F%255C", "app/50%25%23%5Ba%5D%3F%5C"],
    ["app", "..", "/job/app/job/%252E%252E", "app/%2E%2E"],
    ["größe", undefined, "/job/gr%C3%B6%C3%9Fe", "größe"],
  ];
  for (const [job, branch, path, fullName] of rows) {
    it(`${job}${branch === undefined ? "" : `, branch ${branch}`} is at ${path}`, () => {
      assert.equal(jobPath(job, branch), path);
      assert.equal(fullJobName(job, branch), fullName);
    });
  }
});
