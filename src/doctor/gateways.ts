import { parseSpec } from "../api/parse.ts";
import { KongGateway, type KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { gatewaySettings, instanceOf } from "../controllers/gateway-settings.ts";
import { RefNotFoundError } from "../errors.ts";
import { AdminClient } from "../kong/admin-client.ts";
import { parseNodeInfo } from "../kong/node-info.ts";
import type { GatewaySettings } from "../kong/settings.ts";
import { httpTransport } from "../kong/transport.ts";
import type { CustomResource } from "../kube/resource.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { KongObjectStatus } from "../report/object-status.ts";
import { entityFindings, type EntityOptions } from "./entities.ts";
import { findingsOf, textOf, type Finding } from "./finding.ts";
import { clockFinding, nodeFindings } from "./node.ts";

const { ok, problem, skipped, warning } = findingsOf("gateway");

export type GatewayObject = CustomResource<unknown, KongObjectStatus & { readonly version?: string }>;

/** What a Secret holds, or why it cannot be read. */
export type ReadSecret = (namespace: string, name: string) => Readonly<Record<string, string>> | undefined;

/** Each KongGateway: what it says of itself if it can be reached from here, and what the operator says of it. */
export async function lookAtGateway(
  object: GatewayObject,
  readSecret: ReadSecret,
  options: Pick<EntityOptions, "cluster" | "exists">,
): Promise<Finding[]> {
  const { namespace = "", name } = object.metadata;
  const key: ObjectKey = { kind: KongGateway.kind, namespace, name };
  const subject = `KongGateway ${namespace}/${name}`;
  const ready = object.status?.conditions?.find(({ type }) => type === "Ready");
  let spec: KongGatewaySpec;
  let settings: GatewaySettings;
  try {
    spec = parseSpec(KongGateway, object);
    settings = gatewaySettings(key, spec, (secret) => readSecret(namespace, secret));
  } catch (error) {
    const remedy =
      error instanceof RefNotFoundError ? "or your own rights do not reach to that Secret" : "correct its spec";
    return [problem(subject, textOf(error), remedy)];
  }
  const said = ready
    ? [statusFinding(subject, ready)]
    : [
        warning(
          subject,
          "no operator has said anything of it",
          "see the Lease: does one lead, and does it watch this namespace?",
        ),
      ];
  if (spec.proxy?.tls?.insecureSkipVerify) {
    const what = "takes any certificate of its proxy: whoever answers there gets the credentials of verify.headersFrom";
    said.push(warning(subject, what, "set spec.proxy.tls.caSecretRef instead of insecureSkipVerify"));
  }
  if (spec.adminApi.serviceRef) {
    const where =
      "its Admin API is behind a Service, whose Pods are not reached from here; run kjo doctor in the cluster";
    return [...said, skipped(subject, where, `kubectl port-forward, and kjo doctor --kong http://127.0.0.1:PORT`)];
  }
  return [
    ...said,
    ...(await lookAtAdminApi(
      subject,
      settings,
      { ...options, instance: instanceOf(key, spec) },
      ready?.status === "True",
    )),
  ];
}

function statusFinding(subject: string, ready: { status: string; reason: string; message: string }): Finding {
  if (ready.status === "True") return ok(subject, `the operator says: ${ready.message}`);
  const finding = ready.status === "False" ? problem : warning;
  return finding(
    subject,
    `the operator says ${ready.reason}: ${ready.message}`,
    "docs/reasons.md says what to do about each reason",
  );
}

/**
 * One Admin API, as seen from here.
 * @param isReachedByOperator then it is no problem that it cannot be reached from here.
 */
export async function lookAtAdminApi(
  subject: string,
  settings: GatewaySettings,
  options: EntityOptions,
  isReachedByOperator = false,
): Promise<Finding[]> {
  const http = httpTransport(settings);
  const seen: { date?: string | undefined } = {};
  const client = new AdminClient({
    settings,
    transport: {
      ...http,
      send: async (request) => {
        const response = await http.send(request);
        seen.date = response.date;
        return response;
      },
    },
  });
  try {
    const fromMs = Date.now();
    const info = parseNodeInfo(await client.request("GET", "/", "node"));
    if (!info) return [problem(subject, `what answers at ${settings.url} is no Kong Admin API`, "correct the address")];
    const clock = clockFinding(subject, seen.date, { fromMs, toMs: Date.now() });
    return [...nodeFindings(subject, info), ...clock, ...(await entityFindings(subject, client, options))];
  } catch (error) {
    const message = `${settings.url}: ${textOf(error)}`;
    if (isReachedByOperator)
      return [
        skipped(
          subject,
          `not reached from here, but by the operator: ${message}`,
          "run kjo doctor where the operator runs to see more",
        ),
      ];
    return [
      problem(
        subject,
        message,
        "is the gateway up, is the address right, may this machine reach it, are token and certificates right?",
      ),
    ];
  } finally {
    await client.close();
  }
}
