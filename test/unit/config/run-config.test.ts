import assert from "node:assert/strict";
import { ConfigError, parseRunConfig, RUN_OPTIONS, type RunConfig } from "../../../src/config.ts";

const parse = (args: readonly string[], env: Readonly<Record<string, string>> = {}): RunConfig =>
  parseRunConfig(args, env);

describe("config: kjo run", () => {
  it("runs without a flag or variable, on the loopback address and as one of several replicas", () => {
    const { identity, operatorNamespace, ...config } = parse([]);
    assert.deepEqual(config, {
      kubeconfig: undefined,
      watchNamespaces: [],
      bindAddress: { host: "127.0.0.1", port: 8080 },
      leaderElect: true,
      leaseName: "kong-jenkins-operator",
      logLevel: "info",
      logFormat: "json",
    });
    assert.match(identity, new RegExp(`_${process.pid}$`), "two processes of one machine are two replicas");
    assert.notEqual(operatorNamespace, "");
  });

  const TABLE: readonly {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly is: Partial<RunConfig>;
  }[] = [
    { args: ["--kubeconfig", "a.yaml"], env: { KUBECONFIG: "b.yaml" }, is: { kubeconfig: "a.yaml" } },
    { env: { KUBECONFIG: "b.yaml" }, is: { kubeconfig: "b.yaml" } },
    { env: { KUBECONFIG: "" }, is: { kubeconfig: undefined } },
    { args: ["--log-level="], env: { KJO_LOG_LEVEL: "debug" }, is: { logLevel: "info" } },
    { args: ["--watch-namespaces=team-a, team-b,"], is: { watchNamespaces: ["team-a", "team-b"] } },
    { env: { KJO_WATCH_NAMESPACES: "team-a" }, is: { watchNamespaces: ["team-a"] } },
    { args: ["--leader-elect", "false"], is: { leaderElect: false } },
    { args: ["--operator-namespace", "kong"], is: { operatorNamespace: "kong" } },
    { args: ["--bind-address", "9090"], is: { bindAddress: { host: "::", port: 9090 } } },
    { args: ["--bind-address", ":9090"], is: { bindAddress: { host: "::", port: 9090 } } },
    { args: ["--bind-address", "0.0.0.0:0"], is: { bindAddress: { host: "0.0.0.0", port: 0 } } },
    { args: ["--bind-address", "[::1]:8080"], is: { bindAddress: { host: "::1", port: 8080 } } },
    { args: ["--bind-address", "localhost:8080"], is: { bindAddress: { host: "localhost", port: 8080 } } },
  ];
  for (const { args = [], env = {}, is } of TABLE) {
    const given = [...args, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)].join(" ");
    it(`takes ${given}`, () => {
      const config = parse(args, env);
      for (const [name, value] of Object.entries(is)) assert.deepEqual(config[name as keyof RunConfig], value, name);
    });
  }

  const REFUSED: readonly { readonly args: readonly string[]; readonly says: RegExp }[] = [
    { args: ["--bind-address", "8080:"], says: /^--bind-address: "8080:" is not HOST:PORT$/ },
    { args: ["--bind-address", "::1:8080"], says: /^--bind-address: "::1:8080" is not HOST:PORT$/ },
    { args: ["--bind-address", "localhost"], says: /^--bind-address: "localhost" is not HOST:PORT$/ },
    { args: ["--bind-address", ":65536"], says: /^--bind-address: / },
    { args: ["--leader-elect", "yes"], says: /^--leader-elect: "yes" is neither true nor false$/ },
    { args: ["--log-level", "verbose"], says: /^--log-level: / },
    { args: ["--log-format", "yaml"], says: /^--log-format: / },
    { args: ["--watch-namespaces", "team-a,Team B"], says: /^--watch-namespaces: not a namespace name$/ },
    { args: ["--wath-namespaces", "team-a"], says: /^Unknown option '--wath-namespaces'; see kjo run --help$/ },
    { args: ["team-a"], says: /'team-a'.*; see kjo run --help$/ },
  ];
  for (const { args, says } of REFUSED) {
    it(`refuses ${args.join(" ")} and names what is wrong`, () => {
      assert.throws(
        () => parse(args),
        (error) => error instanceof ConfigError && says.test(error.message),
      );
    });
  }

  it("is frozen", () => {
    assert.ok(Object.isFrozen(parse([])));
  });

  it("has a variable of its own for each flag", () => {
    assert.equal(new Set(RUN_OPTIONS.map(({ env }) => env)).size, RUN_OPTIONS.length);
    assert.equal(new Set(RUN_OPTIONS.map(({ flag }) => flag)).size, RUN_OPTIONS.length);
  });
});
