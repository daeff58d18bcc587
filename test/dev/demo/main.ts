import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ControlPlaneUnavailableError, startOwnControlPlane } from "../../controlplane/control-plane.ts";
import { startKongDouble } from "../../doubles/kong/double.ts";
import { startBackend } from "../backend.ts";
import { findKubectl } from "../../controlplane/tools.ts";
import { startOperator } from "../operator-process.ts";
import { parseDemoOptions, USAGE, type DemoOptions } from "./options.ts";
import { Stage, stopCommands } from "./stage.ts";
import { cleanUpStory, NAMESPACE, tellStory } from "./story.ts";

const CRDS = fileURLToPath(new URL("../../../crds", import.meta.url));

/** What has been started, to be stopped in reverse order. */
type Stop = () => Promise<void>;

async function main(): Promise<number> {
  const options = parseDemoOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  const stops: Stop[] = [];
  const interrupted = waitForSignal();
  try {
    const told = tell(options, stops).then(() => "told" as const);
    const ended = await Promise.race([told, interrupted]);
    if (ended === "told" && !options.once) await interrupted;
    return 0;
  } catch (error) {
    console.error(`\nThe demo stopped: ${(error as Error).message}`);
    return 1;
  } finally {
    stopCommands();
    for (const stop of stops.reverse()) await stop().catch((error: unknown) => console.error(String(error)));
  }
}

async function tell(options: DemoOptions, stops: Stop[]): Promise<void> {
  const cluster = await prepareCluster(options, stops);
  const kong = await prepareKong(options, stops);
  const backend = await startBackend("user-service", options.kong ? { host: "0.0.0.0" } : {});
  stops.push(() => backend.stop());
  const stage = new Stage({ ...cluster, kong, backendUrl: `http://${options.backendHost}:${backend.port}` });

  stage.step("Install the kinds and start the operator");
  await stage.kubectl(["apply", "--server-side", "-f", CRDS]);
  await stage.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "-f", CRDS]);
  await stage.run("kubectl", ["create", "namespace", NAMESPACE]);
  const folder = mkdtempSync(path.join(tmpdir(), "kjo-demo-"));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  const logFile = path.join(folder, "operator.log");
  const log = createWriteStream(logFile);
  const operator = await startOperator({ kubeconfig: cluster.kubeconfig, onLine: (line) => log.write(`${line}\n`) });
  stops.push(() => operator.stop());
  stage.say(`$ npm run kjo -- run        (ready; its log: ${logFile})`);

  await tellStory(stage);
  if (options.once) {
    await cleanUpStory(stage);
    if (options.kubeconfig) await stage.kubectl(["delete", "namespace", NAMESPACE, "--timeout=60s"]);
    console.log("\nDone: every step came true.");
    return;
  }
  if (options.kubeconfig) stops.push(() => cleanUpStory(stage));
  console.log(howToGoOn(cluster, kong));
}

async function prepareCluster(options: DemoOptions, stops: Stop[]): Promise<{ kubeconfig: string; kubectl: string }> {
  const log = (line: string): void => console.log(`   ${line}`);
  if (options.kubeconfig) {
    console.log(`Cluster: the one of ${options.kubeconfig}`);
    return {
      kubeconfig: path.resolve(options.kubeconfig),
      kubectl: await findKubectl(log),
    };
  }
  console.log("Cluster: a real Kubernetes API server, etcd and controller manager on 127.0.0.1");
  const controlPlane = await startOwnControlPlane({ log });
  stops.push(() => controlPlane.stop());
  return controlPlane;
}

async function prepareKong(options: DemoOptions, stops: Stop[]): Promise<{ adminUrl: string; proxyUrl: string }> {
  if (options.kong) {
    console.log(`Kong: yours, Admin API ${options.kong.adminUrl}, proxy ${options.kong.proxyUrl}`);
    return options.kong;
  }
  const double = await startKongDouble();
  stops.push(() => double.stop());
  console.log("Kong: a stand-in, not Kong itself: it answers as a recorded Kong 3.9.1 does and proxies real requests.");
  console.log(
    `      Admin API ${double.adminUrl}, proxy ${double.proxyUrl} (use your own with --kong URL --proxy URL)`,
  );
  return double;
}

function howToGoOn(
  cluster: { kubeconfig: string; kubectl: string },
  kong: { adminUrl: string; proxyUrl: string },
): string {
  return `
Everything stays up; go on in another terminal:
  export KUBECONFIG=${cluster.kubeconfig} PATH=${path.dirname(cluster.kubectl)}:$PATH
  kubectl get kjo -n ${NAMESPACE}
  kubectl edit kongroutes.kjo.dev/users -n ${NAMESPACE}
  kubectl explain kongroutes.kjo.dev.spec
  curl ${kong.proxyUrl}/members/42
  curl ${kong.adminUrl}/routes
Ctrl-C ends it and removes what it started.`;
}

function waitForSignal(): Promise<"interrupted"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve("interrupted"));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof ControlPlaneUnavailableError ? error.message : error);
  process.exitCode = 1;
}
