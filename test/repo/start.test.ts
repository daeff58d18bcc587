import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const dev = fileURLToPath(new URL("../dev/", import.meta.url));

/** A checkout in small: one dependency, which lies in the checkout itself, so that npm ci needs no network. */
const PACKAGE = {
  name: "checkout",
  version: "1.0.0",
  type: "module",
  scripts: { hold: "node test/dev/start.mjs hold.ts", code: "node test/dev/start.mjs code.ts" },
  dependencies: { brick: "file:./brick" },
};
const LOCK = {
  name: "checkout",
  version: "1.0.0",
  lockfileVersion: 3,
  requires: true,
  packages: {
    "": { name: "checkout", version: "1.0.0", dependencies: { brick: "file:./brick" } },
    brick: { version: "1.0.0" },
    "node_modules/brick": { resolved: "brick", link: true },
  },
};
const HOLD = `
import fs from "node:fs";
const parent: number = process.ppid;
process.on("SIGTERM", () => { fs.appendFileSync("signals", "SIGTERM\\n"); process.exit(0); });
process.on("SIGINT", () => { fs.appendFileSync("signals", "SIGINT\\n"); process.exit(0); });
setInterval(() => undefined, 1000);
fs.writeFileSync("pids", [process.pid, parent].join(" "));
`;

describe("test/dev/start.mjs", () => {
  let checkout: string;
  const inCheckout = (name: string) => path.join(checkout, name);

  beforeEach(async () => {
    checkout = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-start-"));
    await fs.mkdir(inCheckout("test/dev"), { recursive: true });
    await fs.mkdir(inCheckout("brick"));
    for (const file of ["start.mjs", "file-lock.mjs"]) {
      await fs.copyFile(path.join(dev, file), inCheckout(`test/dev/${file}`));
    }
    await fs.writeFile(inCheckout("package.json"), JSON.stringify(PACKAGE));
    await fs.writeFile(inCheckout("package-lock.json"), JSON.stringify(LOCK));
    await fs.writeFile(inCheckout("brick/package.json"), JSON.stringify({ name: "brick", version: "1.0.0" }));
    await fs.writeFile(inCheckout("hold.ts"), HOLD);
    await fs.writeFile(
      inCheckout("code.ts"),
      'const code: number = 7;\nimport "brick/package.json" with { type: "json" };\nprocess.exit(code);\n',
    );
  });

  afterEach(async () => fs.rm(checkout, { recursive: true, force: true }));

  async function installed(): Promise<void> {
    await fs.mkdir(inCheckout("node_modules"), { recursive: true });
    await fs.writeFile(inCheckout("node_modules/.package-lock.json"), JSON.stringify(LOCK));
  }

  async function npmHold(): Promise<{ npm: ChildProcess; pids: number[] }> {
    await installed();
    const npm = spawn("npm", ["run", "hold"], { cwd: checkout, stdio: "ignore" });
    const pids = await until(async () => (await read("pids")).split(" ").filter(Boolean).map(Number));
    return { npm, pids: [npm.pid as number, ...pids] };
  }

  async function read(name: string): Promise<string> {
    return fs.readFile(inCheckout(name), "utf8").catch(() => "");
  }

  it("installs what the lock file names, once for two starts at the same time, and ends with the script's code", async () => {
    const starts = [1, 2].map(() => start(["code.ts"], checkout));
    const ends = await Promise.all(starts);
    assert.deepEqual(
      ends.map(({ code }) => code),
      [7, 7],
    );
    const installs = ends.filter(({ stderr }) => stderr.includes("Installing the dependencies"));
    assert.equal(installs.length, 1);
  });

  it("writes nothing of its own to the standard output", async () => {
    const { stdout, code } = await start(["code.ts"], checkout);
    assert.deepEqual([stdout, code], ["", 7]);
  });

  it("says what to do when the checkout has no lock file", async () => {
    await fs.rm(inCheckout("package-lock.json"));
    const { stderr, code } = await start(["code.ts"], checkout);
    assert.match(stderr, /package-lock\.json is missing/);
    assert.equal(code, 1);
  });

  it("ends the whole tree with one SIGTERM to the script when npm gets SIGTERM", async () => {
    const { npm, pids } = await npmHold();
    npm.kill("SIGTERM");
    await until(async () => pids.every((pid) => !isAlive(pid)));
    assert.equal(await read("signals"), "SIGTERM\n");
  });

  it("ends the script when npm is killed", async () => {
    const { npm, pids } = await npmHold();
    npm.kill("SIGKILL");
    await until(async () => pids.every((pid) => !isAlive(pid)));
    assert.equal(await read("signals"), "SIGTERM\n");
  });

  it("hands SIGINT on", async () => {
    const { pids } = await npmHold();
    process.kill(pids[2] as number, "SIGINT");
    await until(async () => pids.every((pid) => !isAlive(pid)));
    assert.equal(await read("signals"), "SIGINT\n");
  });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function start(args: readonly string[], cwd: string): Promise<Ended> {
  const child = spawn(process.execPath, ["test/dev/start.mjs", ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const [code] = await once(child, "close");
  return { code, ...output };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Polls until the result is neither false nor empty. */
async function until<T>(attempt: () => Promise<T>, deadlineMs = 8_000): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const result = await attempt();
    if (Array.isArray(result) ? result.length > 0 : result) return result;
    if (Date.now() > deadline) throw new Error(`not after ${deadlineMs} ms`);
    await delay(50);
  }
}
