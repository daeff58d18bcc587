import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { findStale, GENERATED, ROOT } from "../dev/generate.ts";

describe("generated files", () => {
  for (const file of GENERATED) {
    it(`${file.path} is what the sources give`, async () => {
      assert.deepEqual(await findStale([file]), [], "stale: run npm run generate");
    });
  }

  it("leave nothing behind that no source gives any more", async () => {
    for (const folder of new Set(GENERATED.map(({ path }) => dirname(path)))) {
      const expected = GENERATED.filter(({ path }) => dirname(path) === folder).map(({ path }) => basename(path));
      assert.deepEqual((await readdir(join(ROOT, folder))).sort(), expected.sort(), folder);
    }
  });

  it("are called stale when they are missing or edited", async () => {
    const root = await mkdtemp(join(tmpdir(), "kjo-generated-"));
    try {
      await mkdir(join(root, "a"));
      await writeFile(join(root, "a/edited"), "as a person wrote it");
      await writeFile(join(root, "a/kept"), "as generated");
      const files = ["a/edited", "a/kept", "a/missing"].map((path) => ({ path, render: () => "as generated" }));
      assert.deepEqual(await findStale(files, root), ["a/edited", "a/missing"]);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
