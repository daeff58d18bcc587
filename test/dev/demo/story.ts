import { stringify } from "yaml";
import type { Stage } from "./stage.ts";

export const NAMESPACE = "kjo-demo";

/** How long a real Kong may take to serve what its Admin API has accepted, with room to spare. */
const SERVED_WITHIN_MS = 30_000;
const DRIFT_INTERVAL_SECONDS = 2;

/**
 * The main job on real input, step by step: each is told with the command a person would type, done by that command, and
 * checked. @throws Error at the first step that does not come true.
 */
export async function tellStory(stage: Stage): Promise<void> {
  await connectGateway(stage);
  await registerRoute(stage);
  await editRoute(stage);
  await repairDrift(stage);
  await refuseOne(stage);
}

async function connectGateway(stage: Stage): Promise<void> {
  stage.step("A gateway: where the Admin API of your Kong is");
  await stage.apply({
    kind: "KongGateway",
    name: "default",
    spec: {
      adminApi: { url: stage.kong.adminUrl },
      proxy: { url: stage.kong.proxyUrl },
      naming: "Plain",
      drift: { intervalSeconds: DRIFT_INTERVAL_SECONDS },
    },
  });
  await stage.kubectl([
    "wait",
    "-n",
    NAMESPACE,
    "kongservices.kjo.dev,kongroutes.kjo.dev,konggateways.kjo.dev",
    "--all",
    "--for=condition=Ready",
    "--timeout=60s",
  ]);
  await stage.kubectl(["get", "-n", NAMESPACE, "konggateways.kjo.dev"]);
}

async function registerRoute(stage: Stage): Promise<void> {
  stage.step("Register user-service and bind the route /users to it");
  await stage.apply(
    { kind: "KongService", name: "user-service", spec: { url: stage.backendUrl } },
    {
      kind: "KongRoute",
      name: "users",
      spec: { serviceRef: { name: "user-service" }, paths: ["/users"], strip_path: true, verify: {} },
    },
  );
  await stage.kubectl(["wait", "-n", NAMESPACE, "kongroutes.kjo.dev/users", "--for=condition=Ready", "--timeout=60s"]);
  await stage.kubectl(["get", "-n", NAMESPACE, "kjo"]);
  stage.say("With verify the operator asks the proxy itself, and says Serving when the route answers for certain:");
  await stage.kubectl([
    "wait",
    "-n",
    NAMESPACE,
    "kongroutes.kjo.dev/users",
    "--for=condition=Serving",
    "--timeout=60s",
  ]);
  await stage.kubectl(["get", "-n", NAMESPACE, "kongroutes.kjo.dev"]);
  stage.say("A request through the proxy; strip_path takes /users away, so the backend is asked for /42:");
  await stage.expectServed("/users/42", "/42");
}

async function editRoute(stage: Stage): Promise<void> {
  stage.step("Edit the route: /members instead of /users");
  await stage.kubectl([
    "patch",
    "-n",
    NAMESPACE,
    "kongroutes.kjo.dev/users",
    "--type=merge",
    "-p",
    '{"spec":{"paths":["/members"]}}',
  ]);
  await stage.expectServed("/members/42", "/42");
  await stage.expectStatus("/users/42", 404);
}

async function repairDrift(stage: Stage): Promise<void> {
  stage.step("Somebody changes the route behind the operator's back");
  const route = await stage.findInKong("routes", "users");
  await stage.admin("PATCH", `/routes/${route.id}`, { paths: ["/hijacked"] });
  stage.say(
    `The next look at Kong (every ${DRIFT_INTERVAL_SECONDS} s here) finds it, puts it right and says so in an Event:`,
  );
  await stage.until("the route is /members again", SERVED_WITHIN_MS, async () => {
    const { paths } = (await stage.findInKong("routes", "users")) as unknown as { paths: string[] };
    return paths.join() === "/members";
  });
  await stage.expectServed("/members/42", "/42");
  await stage.until("the Event is there", 15_000, async () => (await stage.events("DriftRepaired")).length > 0);
  await stage.kubectl(["events", "-n", NAMESPACE, "--types=Warning,Normal"]);
}

async function refuseOne(stage: Stage): Promise<void> {
  stage.step("A mistake is refused at once, with the field and the remedy");
  const manifest = stage.manifest({
    kind: "KongRoute",
    name: "mistake",
    spec: { serviceRef: { name: "user-service" }, paths: ["users"] },
  });
  const { code, output } = await stage.run("kubectl", ["apply", "-f", "-"], { input: stringify(manifest) });
  if (code === 0) throw new Error("the API server took a route whose path has no leading slash");
  stage.print(output);
}

/** Deletes what the story made. @throws Error when something of ours stays in Kong. */
export async function cleanUpStory(stage: Stage): Promise<void> {
  stage.step("Delete everything: nothing stays behind in Kong");
  await stage.kubectl([
    "delete",
    "-n",
    NAMESPACE,
    "kongroutes.kjo.dev,kongservices.kjo.dev,konggateways.kjo.dev",
    "--all",
    "--timeout=60s",
  ]);
  const left = await stage.ownedInKong();
  if (left.length > 0) throw new Error(`still in Kong: ${left.join(", ")}`);
  stage.say(`Entities with the operator's tags in Kong: ${left.length}.`);
}
