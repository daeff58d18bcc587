import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "mocha";
import { getContainerRuntimeClient, getReaper, LABEL_TESTCONTAINERS_SESSION_ID } from "testcontainers";
import { describeExit, startChild } from "../dev/child-process.ts";
import { guardFolder } from "../dev/orphan-guard.ts";
import { findProgram, pathFolders } from "../dev/programs.ts";
import { skip } from "../dev/skip.ts";

/** No container engine answers on this machine. The message is the reason of a skipped test. */
export class EngineUnavailableError extends Error {}

/** An engine that runs containers. testcontainers has been told how to reach it. */
export interface Engine {
  /** The command line that builds with build secrets: `docker` or `podman`. */
  readonly cli: string;
  /** The name by which containers reach this machine, where they are told of it in `extraHosts`. */
  readonly hostName: string;
  readonly extraHosts: { host: string; ipAddress: string }[];
}

const SERVICE_READY_MS = 20_000;
let found: Promise<Engine> | undefined;

/**
 * The engine of DOCKER_HOST, the machine's Docker, or an installed podman, whose service then runs as long as this process.
 * @throws EngineUnavailableError
 */
export function findEngine(): Promise<Engine> {
  found ??= find().then(async (engine) => {
    await removeOnSignal(engine.cli);
    return engine;
  });
  return found;
}

/** From a hook: skips its tests where there is no engine. */
export async function engineOrSkip(context: Context): Promise<Engine> {
  try {
    return await findEngine();
  } catch (error) {
    if (error instanceof EngineUnavailableError) skip(context, error.message);
    throw error;
  }
}

/** testcontainers reads the environment once, so it is not asked before the engine is known. */
async function find(): Promise<Engine> {
  // Its image cannot be had everywhere; the tests stop what they start.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  const podman = await findProgram(pathFolders(), "podman");
  const given = process.env["DOCKER_HOST"] ?? dockerSockets().find((socket) => existsSync(socket));
  if (given === undefined) {
    if (podman === undefined)
      throw new EngineUnavailableError("no container engine: there is neither Docker nor podman");
    await startPodman(podman);
    return podmanEngine(podman);
  }
  const client = await getContainerRuntimeClient().catch(() => undefined);
  if (!client) throw new EngineUnavailableError(`no container engine answers at ${given}`);
  const { Components = [] } = await client.container.dockerode.version();
  const isPodman = Components.some(({ Name }) => Name.startsWith("Podman"));
  const docker = await findProgram(pathFolders(), "docker");
  // Docker's own command line cannot hand build secrets to a podman that stands in for Docker.
  if (isPodman && podman !== undefined) return podmanEngine(podman);
  if (!isPodman && docker !== undefined) return dockerEngine(docker);
  throw new EngineUnavailableError(
    `a container engine answers at ${given}, but its command line (${isPodman ? "podman" : "docker"}) is not installed`,
  );
}

function podmanEngine(cli: string): Engine {
  return { cli, hostName: "host.containers.internal", extraHosts: [] };
}

function dockerEngine(cli: string): Engine {
  const hostName = "host.docker.internal";
  return { cli, hostName, extraHosts: [{ host: hostName, ipAddress: "host-gateway" }] };
}

/** Where Docker listens: the machine's own, a rootless one, Docker Desktop's. */
function dockerSockets(): string[] {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  return [
    "/var/run/docker.sock",
    ...(runtime ? [join(runtime, "docker.sock")] : []),
    join(homedir(), ".docker/run/docker.sock"),
  ];
}

/** A signal leaves no time for hooks: what this process has started is removed with it. */
async function removeOnSignal(cli: string): Promise<void> {
  const { sessionId } = await getReaper(await getContainerRuntimeClient());
  const listed = (...args: string[]): string[] => {
    const filter = `label=${LABEL_TESTCONTAINERS_SESSION_ID}=${sessionId}`;
    const { stdout } = spawnSync(cli, [...args, "--quiet", "--filter", filter], { encoding: "utf8" });
    return stdout.split("\n").filter((line) => line !== "");
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      const containers = listed("ps", "--all");
      if (containers.length > 0) {
        spawnSync(cli, ["kill", ...containers]);
        spawnSync(cli, ["rm", "--force", "--volumes", ...containers]);
      }
      for (const network of listed("network", "ls")) spawnSync(cli, ["network", "rm", network]);
      process.kill(process.pid, signal);
    });
  }
}

async function startPodman(podman: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kjo-engine-"));
  guardFolder(folder);
  if (process.env["CONTAINERS_CONF"] === undefined) {
    process.env["CONTAINERS_CONF"] = join(folder, "containers.conf");
    await writeFile(process.env["CONTAINERS_CONF"], await podmanSettings());
  }
  const socket = join(folder, "podman.sock");
  const service = await startChild("podman", podman, ["system", "service", "--time=0", `unix://${socket}`], {
    background: true,
  });
  process.once("beforeExit", () => void service.stop().then(() => rm(folder, { recursive: true, force: true })));
  process.env["DOCKER_HOST"] = `unix://${socket}`;
  process.env["TESTCONTAINERS_HOST_OVERRIDE"] = "127.0.0.1";
  const deadline = Date.now() + SERVICE_READY_MS;
  while (!existsSync(socket)) {
    if (!service.isRunning())
      throw new EngineUnavailableError(`podman cannot serve: ${describeExit(service, await service.exited)}`);
    if (Date.now() > deadline)
      throw new EngineUnavailableError(`podman does not listen within ${SERVICE_READY_MS / 1000} s`);
    await sleep(100);
  }
}

/** The machine's limits may be lower than podman's defaults, and crun needs more of the kernel than runc. */
async function podmanSettings(): Promise<string> {
  const hasRunc = (await findProgram([...pathFolders(), "/usr/sbin", "/usr/bin"], "runc")) !== undefined;
  return [
    "[containers]",
    'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
    ...(hasRunc ? ["[engine]", 'runtime = "runc"'] : []),
    "",
  ].join("\n");
}
