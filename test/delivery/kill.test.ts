import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { eventually } from "../e2e/setup-eventually.ts";
import { HttpFront, type Cut, type Passing } from "./http-front.ts";
import { parameterOf } from "./jenkins.ts";
import { env, useScene } from "./setup.ts";

const MOST_POINTS = 40;
const ROUND_MS = 60_000;

/** What is sent to Jenkins, and what is written to the API server: everything that a death could do twice or not at all. */
function isStep({ method, path: requested }: Passing, front: "jenkins" | "api"): boolean {
  if (front === "jenkins") return !/whoAmI|crumbIssuer|^\/jenkins\/api\/json/.test(requested);
  return method !== "GET" && /jenkinsbuilds|\/events$/.test(requested);
}

/*
 * The steps of one build are counted by proxies, so that a request that is added to the code becomes a point by itself.
 */
describe("delivery: the operator is killed before and after each request, and one build comes of it", () => {
  const scene = useScene("kill", { hasOperator: false });
  let api: HttpFront;
  let folder: string;
  let kubeconfig: string;
  let job: string;

  before(async () => {
    api = await HttpFront.start(env().cluster.origin);
    folder = await mkdtemp(path.join(os.tmpdir(), "kjo-kill-"));
    kubeconfig = path.join(folder, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf(api.url));
    job = scene.job("kill");
    await env().jenkins.makeJob(job, { parameters: { KJO_BUILD_ID: "" }, seconds: 2 });
  });

  after(async () => {
    await scene.stopOperator();
    await api?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    env().jenkins.front.mend();
    api.mend();
    await scene.stopOperator();
  });

  /** Calls `at` with each step, as they come. */
  function onSteps(at: (step: string) => Cut | undefined): void {
    env().jenkins.front.cutWhere((passing) => (isStep(passing, "jenkins") ? at(nameOf(passing)) : undefined));
    api.cutWhere((passing) => (isStep(passing, "api") ? at(nameOf(passing)) : undefined));
  }

  async function buildsOf(name: string): Promise<number> {
    const { metadata } = await scene.get("JenkinsBuild", name);
    const { uid } = metadata as { uid?: string };
    return (await env().jenkins.builds(job)).filter((build) => parameterOf(build, "KJO_BUILD_ID") === uid).length;
  }

  it("at each step that the proxies count", async function () {
    this.timeout(MOST_POINTS * ROUND_MS);
    const steps: string[] = [];
    onSteps((step) => void steps.push(step));
    await scene.startOperator({ kubeconfig });
    await scene.build("alive", { job });
    await scene.phase("alive", "Succeeded");
    assert.equal(await buildsOf("alive"), 1);
    await eventually(() => assert.match(steps.at(-1) ?? "", /events/));
    await scene.stopOperator();
    const points = distinct(steps).flatMap((step) => (["before", "after"] as const).map((cut) => ({ ...step, cut })));
    assert.ok(points.length >= 12 && points.length <= MOST_POINTS, `${points.length} points: ${steps.join(", ")}`);
    console.info(
      `    ${points.length} points: ${distinct(steps)
        .map(({ step, nth }) => `${step} (${nth})`)
        .join(", ")}`,
    );
    for (const [index, { step, nth, cut }] of points.entries()) {
      const name = `killed-${index}`;
      await killedAt(name, step, nth, cut);
      assert.equal(await buildsOf(name), 1, `${cut} ${step}, the ${nth}th`);
    }
  });

  async function killedAt(name: string, step: string, nth: number, cut: Cut): Promise<void> {
    let seen = 0;
    let isKilled = false;
    let kill = (): void => {};
    onSteps((each) => {
      if (isKilled) return "before";
      if (each !== step) return undefined;
      seen += 1;
      if (seen !== nth) return undefined;
      isKilled = true;
      kill();
      return cut;
    });
    await scene.startOperator({ kubeconfig, onStarted: (end) => (kill = end) });
    await scene.build(name, { job });
    await eventually(() => assert.ok(isKilled, `${step} (${nth}) has not come`));
    await scene.operator.child.exited;
    env().jenkins.front.mend();
    api.mend();
    await scene.startOperator({ kubeconfig });
    await scene.phase(name, "Succeeded", undefined, { timeoutMs: ROUND_MS });
    await scene.stopOperator();
  }
});

/** Steps that differ: looks at Jenkins are many and alike, so of each the first three count. */
function distinct(steps: readonly string[]): { readonly step: string; readonly nth: number }[] {
  const counts = new Map<string, number>();
  return steps.flatMap((step) => {
    const nth = (counts.get(step) ?? 0) + 1;
    counts.set(step, nth);
    return step.startsWith("GET") && nth > 2 ? [] : [{ step, nth }];
  });
}

function nameOf({ method, path: requested }: Passing): string {
  const name = requested
    .replace(/\/jenkinsbuilds\/[^/]+/, "/jenkinsbuilds/NAME")
    .replace(/\/kjo-delivery-[^/]+/g, "/…");
  return `${method} ${name}`;
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "front", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "front", context: { cluster: "front", user: "nobody" } }],
    "current-context": "front",
  });
}
