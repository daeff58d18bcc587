import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Context } from "mocha";
import { Agent, request } from "undici";
import { startChild, describeExit, type Child } from "../dev/child-process.ts";
import { ConsulUnavailableError, findConsul } from "../dev/consul.ts";
import { guardFolder } from "../dev/orphan-guard.ts";
import { skip } from "../dev/skip.ts";
import { eventually } from "../e2e/setup-eventually.ts";

const BUILD_MS = 20 * 60_000;
const run = promisify(execFile);

/** An instance of a service as it is registered. */
export interface Registered {
  readonly service: string;
  /** `127.0.0.1:8080` */
  readonly address: string;
  readonly tags?: readonly string[];
  /** Weight while it passes. */
  readonly weight?: number;
}

export interface ConsulOptions {
  /** Nobody sees anything without a token. */
  readonly acl?: boolean;
  /** HTTPS only, for clients with a certificate of its CA only. */
  readonly tls?: boolean;
}

/** For a `before` hook: the path of a Consul, or all tests of the block are skipped with the reason. */
export async function consulOrSkip(context: Context): Promise<string> {
  context.timeout(BUILD_MS);
  try {
    return await findConsul();
  } catch (error) {
    if (error instanceof ConsulUnavailableError) skip(context, error.message);
    throw error;
  }
}

/** A Consul of one server, whose state outlives its process. */
export class ConsulAgent {
  readonly url: string;
  /** May do everything, where there are ACLs. */
  readonly managementToken = randomUUID();
  readonly folder: string;
  readonly #program: string;
  readonly #options: ConsulOptions;
  readonly #ports: readonly [http: number, serf: number, server: number];
  #agent: Agent | undefined;
  #child: Child | undefined;

  private constructor(
    program: string,
    folder: string,
    ports: readonly [number, number, number],
    options: ConsulOptions,
  ) {
    this.#program = program;
    this.folder = folder;
    this.#ports = ports;
    this.#options = options;
    this.url = `${options.tls ? "https" : "http"}://127.0.0.1:${ports[0]}`;
  }

  static async start(program: string, options: ConsulOptions = {}): Promise<ConsulAgent> {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), "kjo-consul-"));
    guardFolder(folder);
    const consul = new ConsulAgent(program, folder, await freePorts(), options);
    if (options.tls) await consul.#makeCertificates();
    await fs.writeFile(path.join(folder, "config.json"), JSON.stringify(consul.#config()));
    await consul.start();
    return consul;
  }

  /** Starts it (again), and waits until it can be written to. */
  async start(): Promise<void> {
    const args = ["agent", "-config-file", path.join(this.folder, "config.json")];
    const child = await startChild("consul", this.#program, args, { background: true });
    this.#child = child;
    await eventually(async () => {
      if (!child.isRunning()) throw new Error(describeExit(child, await child.exited));
      const leader = await this.call("GET", "/v1/status/leader");
      if (leader === "") throw new Error("no leader yet");
      // The management token is made by the leader, a moment after its election.
      if (this.#options.acl) await this.call("GET", "/v1/acl/token/self");
    });
  }

  /** Ends the process and nothing else: it knows what it knew when it is started again. */
  async kill(): Promise<void> {
    this.#child?.signal("SIGKILL");
    await this.#child?.exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.#agent?.close();
    await fs.rm(this.folder, { recursive: true, force: true });
  }

  /** What a pipeline does after a deploy: `PUT /v1/agent/service/register`. Passes until {@link fail}. */
  async register(id: string, { service, address, tags = [], weight }: Registered): Promise<void> {
    const at = address.lastIndexOf(":");
    await this.call("PUT", "/v1/agent/service/register?replace-existing-checks=true", {
      ID: id,
      Name: service,
      Address: address.slice(0, at),
      Port: Number(address.slice(at + 1)),
      Tags: tags,
      ...(weight === undefined ? {} : { Weights: { Passing: weight, Warning: 1 } }),
      Check: { TTL: "24h", Status: "passing" },
    });
    // Only what was said of a check survives a restart of Consul, not the state that it was registered with.
    await this.pass(id);
  }

  async deregister(id: string): Promise<void> {
    await this.call("PUT", `/v1/agent/service/deregister/${id}`);
  }

  /** The instance's check no longer passes. */
  async fail(id: string): Promise<void> {
    await this.call("PUT", `/v1/agent/check/fail/service:${id}`);
  }

  async pass(id: string): Promise<void> {
    await this.call("PUT", `/v1/agent/check/pass/service:${id}`);
  }

  /** A token that may do what the rules say. */
  async makeToken(rules: string): Promise<string> {
    const name = `rules-${randomUUID()}`;
    await this.call("PUT", "/v1/acl/policy", { Name: name, Rules: rules });
    const token = await this.call<{ SecretID: string }>("PUT", "/v1/acl/token", { Policies: [{ Name: name }] });
    return token.SecretID;
  }

  async deleteToken(token: string): Promise<void> {
    const { AccessorID } = await this.call<{ AccessorID: string }>("GET", "/v1/acl/token/self", undefined, token);
    await this.call("DELETE", `/v1/acl/token/${AccessorID}`);
  }

  /** @throws Error for an answer of 400 or more. */
  async call<T = unknown>(method: "GET" | "PUT" | "DELETE", path: string, body?: unknown, token?: string): Promise<T> {
    const answer = await request(this.url + path, {
      method,
      dispatcher: (this.#agent ??= new Agent(await this.#clientOptions())),
      headers: this.#options.acl ? { "x-consul-token": token ?? this.managementToken } : {},
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new Error(`${method} ${path}: HTTP ${answer.statusCode} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** A PEM file that was made for TLS: `ca`, `client` or `client-key`. */
  pem(name: "ca" | "client" | "client-key"): Promise<string> {
    const file = {
      ca: "consul-agent-ca.pem",
      client: "dc1-client-consul-0.pem",
      "client-key": "dc1-client-consul-0-key.pem",
    };
    return fs.readFile(path.join(this.folder, file[name]), "utf8");
  }

  async #makeCertificates(): Promise<void> {
    const make = (...args: readonly string[]) => run(this.#program, ["tls", ...args], { cwd: this.folder });
    await make("ca", "create");
    // Not for the address that it listens on: clients have to name whom they expect.
    await make("cert", "create", "-server", "-dc", "dc1");
    await make("cert", "create", "-client", "-dc", "dc1");
  }

  async #clientOptions(): Promise<Agent.Options> {
    if (!this.#options.tls) return {};
    const [ca, cert, key] = await Promise.all([this.pem("ca"), this.pem("client"), this.pem("client-key")]);
    return { connect: { ca, cert, key, servername: "server.dc1.consul" } };
  }

  #config(): unknown {
    const { acl, tls } = this.#options;
    const [http, serf, server] = this.#ports;
    const file = (name: string) => path.join(this.folder, name);
    return {
      server: true,
      bootstrap_expect: 1,
      node_name: "test",
      data_dir: file("data"),
      bind_addr: "127.0.0.1",
      client_addr: "127.0.0.1",
      disable_update_check: true,
      log_level: "warn",
      performance: { raft_multiplier: 1 },
      ports: {
        http: tls ? -1 : http,
        https: tls ? http : -1,
        dns: -1,
        grpc: -1,
        grpc_tls: -1,
        serf_lan: serf,
        serf_wan: -1,
        server,
      },
      ...(acl
        ? {
            acl: {
              enabled: true,
              default_policy: "deny",
              enable_token_persistence: true,
              tokens: { initial_management: this.managementToken, agent: this.managementToken },
            },
          }
        : {}),
      ...(tls
        ? {
            tls: {
              defaults: {
                ca_file: file("consul-agent-ca.pem"),
                cert_file: file("dc1-server-consul-0.pem"),
                key_file: file("dc1-server-consul-0-key.pem"),
                verify_incoming: true,
              },
            },
          }
        : {}),
    };
  }
}

/** Nobody else had them a moment ago; Consul cannot choose its own. */
async function freePorts(): Promise<readonly [number, number, number]> {
  const servers = [net.createServer(), net.createServer(), net.createServer()];
  for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await once(server.close(), "close");
  return ports as unknown as [number, number, number];
}
