import { isDeepStrictEqual } from "node:util";
import type { JenkinsServerSpec } from "../../api/v1alpha1/jenkins-server.ts";
import { NotReadyError, RefNotFoundError } from "../../errors.ts";
import { openTransport } from "../../http/transport.ts";
import { BuildFollower, type Sighting } from "../../jenkins/build-follower.ts";
import { JenkinsClient } from "../../jenkins/jenkins-client.ts";
import { OriginRates } from "../../jenkins/request-rate.ts";
import { JenkinsSession, type JenkinsRequestRecord } from "../../jenkins/session.ts";
import type { JenkinsSettings } from "../../jenkins/settings.ts";
import { formatKey, type ObjectKey } from "../../model/object-key.ts";
import { checkNamespaceAllowed, type NamespaceLabels } from "../allowed.ts";

/** A JenkinsServer that the operator talks to. */
export interface Jenkins {
  readonly key: ObjectKey;
  readonly spec: JenkinsServerSpec;
  readonly settings: JenkinsSettings;
  readonly client: JenkinsClient;
  /** Follows the builds of this server. */
  readonly follower: BuildFollower;
}

export interface JenkinsServersOptions extends NamespaceLabels {
  readonly exists: (key: ObjectKey) => boolean;
  readonly onSighting: (build: string, sighting: Sighting) => void;
  readonly onFailure: (server: ObjectKey, error: unknown) => void;
  readonly onRequest: (server: string, record: JenkinsRequestRecord) => void;
}

interface Entry {
  jenkins: Jenkins;
  /** Builds may be waiting until it is back. */
  isAway?: boolean;
  readonly ending: AbortController;
  readonly running: Promise<void>;
}

/** Answers of Jenkins are trees that we have asked for; more than this is something else. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;
const CONNECTIONS = 8;

/** The servers that are connected, and the rule by which an object may use one. */
export class JenkinsServers {
  readonly #options: JenkinsServersOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #rates = new OriginRates();

  constructor(options: JenkinsServersOptions) {
    this.#options = options;
  }

  get(key: ObjectKey): Jenkins | undefined {
    return this.#entries.get(formatKey(key))?.jenkins;
  }

  /** Notes how a server is. @returns true where it is back. */
  note(key: ObjectKey, state: "away" | "there"): boolean {
    const entry = this.#entries.get(formatKey(key));
    const isBack = entry?.isAway === true && state === "there";
    if (entry) entry.isAway = state === "away";
    return isBack;
  }

  all(): Jenkins[] {
    return [...this.#entries.values()].map(({ jenkins }) => jenkins);
  }

  /** Takes up a spec and its credentials; connections of the same stay. */
  connect(key: ObjectKey, spec: JenkinsServerSpec, settings: JenkinsSettings): Jenkins {
    const name = formatKey(key);
    const entry = this.#entries.get(name);
    if (entry && isDeepStrictEqual([entry.jenkins.settings, entry.jenkins.spec], [settings, spec]))
      return entry.jenkins;
    const client = this.#open(name, spec, settings);
    if (entry) {
      void entry.jenkins.client.close();
      entry.jenkins = { ...entry.jenkins, spec, settings, client };
      return entry.jenkins;
    }
    const ending = new AbortController();
    const follower = new BuildFollower({
      client: () => this.get(key)?.client ?? client,
      pollMs: () => (this.get(key)?.spec ?? spec).pollSeconds * 1000,
      onSighting: this.#options.onSighting,
      onFailure: (error) => this.#options.onFailure(key, error),
    });
    const jenkins = { key, spec, settings, client, follower };
    this.#entries.set(name, { jenkins, ending, running: follower.run(ending.signal) });
    return jenkins;
  }

  async disconnect(key: ObjectKey): Promise<void> {
    const name = formatKey(key);
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    entry.ending.abort();
    await entry.running;
    await entry.jenkins.client.close();
  }

  /**
   * The server that an object of `namespace` may use.
   * @throws RefNotFoundError, RefNotPermittedError, NotReadyError where it has not been connected to yet.
   */
  resolve(namespace: string, key: ObjectKey): Jenkins {
    const where = `JenkinsServer ${key.namespace}/${key.name}`;
    if (!this.#options.exists(key))
      throw new RefNotFoundError("RefNotFound", `spec.jenkinsRef: ${where} does not exist`);
    const jenkins = this.get(key);
    if (!jenkins) throw new NotReadyError("JenkinsNotReady", `${where} is not connected yet; see its conditions`);
    checkNamespaceAllowed(namespace, key, jenkins.spec.allowedNamespaces, this.#options);
    return jenkins;
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map(({ key }) => this.disconnect(key)));
  }

  #open(name: string, spec: JenkinsServerSpec, settings: JenkinsSettings): JenkinsClient {
    const transport = openTransport({
      origin: new URL(settings.url).origin,
      connections: CONNECTIONS,
      timeoutMs: settings.timeoutMs,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      tls: settings.tls,
    });
    const rate = this.#rates.of(settings.url, spec.maxRequestsPerSecond);
    const onRequest = (record: JenkinsRequestRecord): void => this.#options.onRequest(name, record);
    return new JenkinsClient(new JenkinsSession({ settings, transport, rate, onRequest }));
  }
}
