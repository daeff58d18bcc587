import fs from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { describeExit, type Child } from "../dev/child-process.ts";
import type { ClusterAccess } from "./kubeconfig.ts";

const READY_MS = 90_000;
const POLL_MS = 100;
const REQUEST_MS = 5_000;

/** The one node that kwok plays. */
export const NODE_NAME = "kjo-node";

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Waits for a 200 of a component's own health page, whoever signed its certificate. */
export async function waitUntilServing(child: Child, url: string): Promise<void> {
  await waitFor(child, url, async () => (await send("GET", url, { rejectUnauthorized: false })).status === 200);
}

/** Waits until the API server is ready; returns the PEM of its certificate, by which clients know it. */
export async function waitForServer(
  child: Child,
  url: string,
  token: string,
  certificateFile: string,
): Promise<string> {
  let ca = "";
  await waitFor(child, `${url}/readyz`, async () => {
    ca = await fs.readFile(certificateFile, "utf8");
    return (await sendTo({ url, ca, token }, "GET", "/readyz")).status === 200;
  });
  return ca;
}

/** The controller-manager is at work when the default ServiceAccount is there, which Pods need. */
export async function waitForServiceAccounts(child: Child, access: ClusterAccess): Promise<void> {
  const path = "/api/v1/namespaces/default/serviceaccounts/default";
  await waitFor(child, "the default ServiceAccount", async () => (await sendTo(access, "GET", path)).status === 200);
}

/** Creates the node and waits until kwok has made it ready. */
export async function waitForNode(child: Child, access: ClusterAccess): Promise<void> {
  const labels = { "kubernetes.io/hostname": NODE_NAME, "kubernetes.io/os": "linux", type: "kwok" };
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: NODE_NAME, labels } };
  const created = await sendTo(access, "POST", "/api/v1/nodes", JSON.stringify(node));
  if (created.status !== 201) throw new Error(`the node was refused with ${created.status}: ${created.body}`);
  await waitFor(child, `node ${NODE_NAME} to be ready`, async () => {
    const { body } = await sendTo(access, "GET", `/api/v1/nodes/${NODE_NAME}`);
    const conditions: { type: string; status: string }[] = JSON.parse(body).status?.conditions ?? [];
    return conditions.some(({ type, status }) => type === "Ready" && status === "True");
  });
}

/** Polls until `isReady` says so; a refused connection and a missing file mean "not yet". */
async function waitFor(child: Child, what: string, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let last = "no answer";
  while (Date.now() < deadline) {
    if (!child.isRunning()) throw new Error(describeExit(child, await child.exited));
    try {
      if (await isReady()) return;
      last = "not ready";
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await delay(POLL_MS);
  }
  const lines = child.lastLines().map((line) => `  ${line}`);
  throw new Error(
    [`${child.name} waited ${READY_MS / 1000} s for ${what} (${last}); its last lines:`, ...lines].join("\n"),
  );
}

function sendTo(access: ClusterAccess, method: string, path: string, body?: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${access.token}`, "content-type": "application/json" };
  return send(method, `${access.url}${path}`, { ca: access.ca, headers }, body);
}

function send(method: string, url: string, options: https.RequestOptions, body?: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const client = url.startsWith("https:") ? https : http;
  const signal = AbortSignal.timeout(REQUEST_MS);
  const request = client.request(url, { ...options, method, signal, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
  });
  request.on("error", reject);
  request.end(body);
  return promise;
}
