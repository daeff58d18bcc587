import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGES = globSync("{*.md,docs/**/*.md,examples/**/*.md,test/**/*.md}", { cwd: ROOT });

describe("links between pages", () => {
  for (const page of PAGES) {
    it(`of ${page} lead somewhere`, () => {
      assert.deepEqual(
        linksOf(read(page)).filter((link) => !resolves(page, link)),
        [],
      );
    });
  }

  it("reach every page from README.md", () => {
    const reached = new Set<string>();
    const next = ["README.md"];
    for (let page = next.pop(); page !== undefined; page = next.pop()) {
      if (reached.has(page)) continue;
      reached.add(page);
      next.push(...linksOf(read(page)).flatMap((link) => pagesBehind(page, link)));
    }
    const lost = PAGES.filter((page) => page.startsWith("docs/") && !reached.has(page));
    assert.deepEqual(lost, []);
  });

  it("are joined by names of files that are there", () => {
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/`((?:src|test|docs|helm|manifests|examples|crds)\/[\w./-]*)`/g)].map(
        ([, file = ""]) => file,
      ),
    );
    assert.ok(named.length > 10);
    assert.deepEqual(
      named.filter((file) => !existsSync(path.join(ROOT, file))),
      [],
    );
  });

  it("are found, and so are headings", () => {
    assert.deepEqual(linksOf("[a](b.md#c), `[no](x)`, [d](https://e), [f\ng](h/)"), ["b.md#c", "h/"]);
    assert.deepEqual([...anchorsOf("# A `b`, c\n## A b c\n## What's *new*?")], ["a-b-c", "a-b-c-1", "whats-new"]);
  });
});

function read(page: string): string {
  return readFileSync(path.join(ROOT, page), "utf8");
}

/** Targets of the links that stay in the repository. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function resolves(page: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? page : path.join(path.dirname(page), file);
  if (!existsSync(path.join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).has(anchor);
}

/** The page a link leads to; of a folder, those in it. */
function pagesBehind(page: string, link: string): string[] {
  const target = path.join(path.dirname(page), link.split("#")[0] ?? "").replace(/\/$/, "");
  return PAGES.filter((other) => other === target || path.dirname(other) === target);
}

/** The anchors of a page's headings, made as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    const count = [...anchors].filter((other) => other === anchor || /^-\d+$/.test(other.slice(anchor.length))).length;
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}
