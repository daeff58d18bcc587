/** A group of tests that needs the same things and runs in one mocha process of its own. */
export interface Suite {
  readonly name: string;
  /** Where its `*.test.ts` files lie, from the root of the checkout. */
  readonly folders: readonly string[];
  /** Of one test or hook, unless it sets its own. */
  readonly timeoutMs: number;
  /** Of the whole suite: past it something hangs. */
  readonly limitMs: number;
  /** What has to be built before it can start. */
  readonly needs: readonly ("control plane" | "helm" | "consul")[];
  /** Runs in a network namespace of its own where that can be; see own-network.ts. */
  readonly ownNetwork?: true;
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const MINUTE_MS = 60_000;

/** In the order in which `npm test` runs them: what needs no build first. */
export const SUITES: readonly Suite[] = [
  {
    name: "unit",
    folders: ["test/unit", "test/property", "test/golden", "test/doubles"],
    timeoutMs: 30_000,
    limitMs: 5 * MINUTE_MS,
    needs: [],
  },
  {
    name: "repo",
    folders: ["test/repo"],
    timeoutMs: 30_000,
    limitMs: 10 * MINUTE_MS,
    needs: [],
  },
  {
    name: "cluster",
    folders: ["test/cluster"],
    timeoutMs: 30_000,
    limitMs: 15 * MINUTE_MS,
    needs: ["control plane"],
  },
  {
    name: "e2e",
    folders: ["test/e2e"],
    timeoutMs: MINUTE_MS,
    limitMs: 25 * MINUTE_MS,
    needs: ["control plane"],
    ownNetwork: true,
  },
  {
    name: "e2e-dbless",
    folders: ["test/e2e"],
    timeoutMs: MINUTE_MS,
    limitMs: 25 * MINUTE_MS,
    needs: ["control plane"],
    ownNetwork: true,
    env: { KJO_E2E_DBLESS: "1" },
  },
  {
    name: "fault",
    folders: ["test/fault"],
    timeoutMs: 3 * MINUTE_MS,
    limitMs: 20 * MINUTE_MS,
    needs: ["control plane"],
  },
  {
    name: "install",
    folders: ["test/install"],
    timeoutMs: 2 * MINUTE_MS,
    limitMs: 15 * MINUTE_MS,
    needs: ["control plane", "helm"],
  },
  {
    name: "delivery",
    folders: ["test/delivery"],
    timeoutMs: MINUTE_MS,
    limitMs: 15 * MINUTE_MS,
    needs: ["control plane"],
  },
  {
    name: "consul",
    folders: ["test/consul"],
    timeoutMs: MINUTE_MS,
    limitMs: 15 * MINUTE_MS,
    needs: ["control plane", "consul"],
  },
  {
    name: "containers",
    folders: ["test/containers"],
    timeoutMs: 5 * MINUTE_MS,
    limitMs: 20 * MINUTE_MS,
    needs: ["control plane"],
  },
];
