import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { GenericContainer, Network, Wait, type StartedNetwork, type StartedTestContainer } from "testcontainers";
import { ROOT } from "../dev/generate.ts";
import { engineOrSkip, type Engine } from "./engine.ts";
import { pullOrSkip } from "./images.ts";

const KONG = "docker.io/library/kong:3.9";
const POSTGRES = "docker.io/library/postgres:16-alpine";
const ADMIN_PORT = 8001;
const PROXY_PORT = 8000;
const START_LIMIT_MS = 10 * 60_000;
const E2E_LIMIT_MS = 15 * 60_000;

/** The gateway that the operator is for, beside the double that stands in for it everywhere else. */
describe("containers/Kong with Postgres", () => {
  let engine: Engine;
  let network: StartedNetwork | undefined;
  const started: StartedTestContainer[] = [];
  let kong: StartedTestContainer;

  before("start Kong", async function () {
    this.timeout(START_LIMIT_MS);
    engine = await engineOrSkip(this);
    await pullOrSkip(this, engine, POSTGRES, KONG);
    network = await new Network().start();
    started.push(await postgres(network).start());
    const migrations = await kongContainer(engine, network)
      .withCommand(["kong", "migrations", "bootstrap"])
      .withWaitStrategy(Wait.forOneShotStartup())
      .start();
    await migrations.stop();
    kong = await kongContainer(engine, network)
      .withExposedPorts(ADMIN_PORT, PROXY_PORT)
      .withWaitStrategy(Wait.forHttp("/status", ADMIN_PORT))
      .start();
    started.push(kong);
  });

  after(async () => {
    for (const container of started.toReversed()) await container.stop();
    await network?.stop();
  });

  const urlOf = (port: number): string => `http://${kong.getHost()}:${kong.getMappedPort(port)}`;

  it("says that it is Kong 3.9 with a database", async () => {
    const answer = (await (await fetch(urlOf(ADMIN_PORT))).json()) as {
      version: string;
      configuration: { database: string };
    };
    assert.match(answer.version, /^3\.9\./);
    assert.equal(answer.configuration.database, "postgres");
  });

  it("is served by the operator as the end-to-end suite expects it", async function () {
    this.timeout(E2E_LIMIT_MS);
    const child = spawn(process.execPath, [join(ROOT, "test/dev/run-tests.ts"), "--suite", "e2e"], {
      cwd: ROOT,
      env: {
        ...process.env,
        KONG_ADMIN_URL: urlOf(ADMIN_PORT),
        KONG_PROXY_URL: urlOf(PROXY_PORT),
        KJO_E2E_HOST: engine.hostName,
      },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 0, "npm run e2e against this Kong");
  });
});

function postgres(network: StartedNetwork): GenericContainer {
  return (
    new GenericContainer(POSTGRES)
      .withNetwork(network)
      .withNetworkAliases("postgres")
      .withEnvironment({ POSTGRES_USER: "kong", POSTGRES_PASSWORD: "kong", POSTGRES_DB: "kong" })
      .withTmpFs({ "/var/lib/postgresql/data": "rw" })
      // Once while it sets itself up, once for everybody.
      .withWaitStrategy(Wait.forLogMessage("database system is ready to accept connections", 2))
  );
}

function kongContainer(engine: Engine, network: StartedNetwork): GenericContainer {
  return new GenericContainer(KONG)
    .withNetwork(network)
    .withExtraHosts(engine.extraHosts)
    .withEnvironment({
      KONG_DATABASE: "postgres",
      KONG_PG_HOST: "postgres",
      KONG_PG_USER: "kong",
      KONG_PG_PASSWORD: "kong",
      KONG_PG_DATABASE: "kong",
      KONG_ADMIN_LISTEN: `0.0.0.0:${ADMIN_PORT}`,
      KONG_PROXY_LISTEN: `0.0.0.0:${PROXY_PORT}`,
      KONG_NGINX_WORKER_PROCESSES: "1",
    });
}
