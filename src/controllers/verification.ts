import type { KongGatewaySpec } from "../api/v1alpha1/kong-gateway.ts";
import { KongPluginBinding } from "../api/v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "../api/v1alpha1/kong-route.ts";
import type { EventRecorder } from "../kube/events.ts";
import type { Verdict, Verification } from "../model/verification.ts";
import { formatKey, parseKey, type ObjectKey } from "../model/object-key.ts";
import type { Serving } from "../report/serving.ts";
import type { ProxyTarget } from "../verify/probe.ts";
import { Verifier } from "../verify/verifier.ts";
import type { Caches, KongObject } from "./caches.ts";
import type { Gateway } from "./gateways.ts";
import type { VerifyMetrics } from "./verify-metrics.ts";

export interface RouteVerificationOptions {
  readonly caches: Caches;
  readonly events: Pick<EventRecorder, "record">;
  readonly metrics: VerifyMetrics;
  readonly enqueue: (key: ObjectKey) => void;
}

/** Beyond the gateway's own interval, what a look that began just before it takes. */
const SETTLE_MARGIN_MS = 500;
/** A gateway without a database serves a new configuration within a second. Source: measured, Kong 3.9. */
const DBLESS_SETTLE_MS = 1_500;

/**
 * What the controllers know of verified routes. A verdict that changes comes back as the route's key: its status is
 * written by its reconcile and by nothing else.
 */
export class RouteVerification {
  readonly #options: RouteVerificationOptions;
  readonly #verifier: Verifier;

  constructor(options: RouteVerificationOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#verifier = new Verifier({
      onVerdict: (key, verdict, before) => this.#tell(parseKey(key), verdict, before),
      onProbe: (_key, gateway, result) => metrics.requests.inc({ gateway, result }),
      onServed: (_key, gateway, afterMs) => metrics.seconds.observe({ gateway }, afterMs / 1000),
    });
    metrics.observe(() => this.#verifier.verdicts());
  }

  /**
   * An object stands in Kong as it should, with `writes` writes to get there.
   * @returns what is told of it; undefined where it does not ask to be verified.
   */
  programmed(
    object: KongObject,
    key: ObjectKey,
    { gateway, verification, writes }: { gateway: Gateway; verification: Verification | undefined; writes: number },
  ): Serving | undefined {
    const id = formatKey(key);
    if (!verification) this.#verifier.forget(id);
    if (writes > 0) this.#disturbDependents(object, key, gateway);
    if (!verification) return undefined;
    const known = servingOf(object);
    const isKnown = known?.observedGeneration === object.metadata.generation && known?.status !== "Unknown";
    const { proxy } = gateway.spec;
    this.#verifier.watch(
      id,
      {
        gateway: formatKey(gateway.key),
        verification,
        proxy,
        target: () => this.#targetOf(gateway.key, proxy, verification),
        settleMs: settleMs(gateway),
      },
      { isWritten: writes > 0, ...(isKnown ? { known } : {}) },
    );
    const verdict = this.#verifier.verdictOf(id);
    return verdict && { verdict, required: verification.required };
  }

  /** The object is leaving Kong, or has left. */
  left(object: KongObject | undefined, key: ObjectKey): void {
    this.#verifier.forget(formatKey(key));
    if (object) this.#disturbDependents(object, key, undefined);
  }

  stop(): Promise<void> {
    return this.#verifier.stop();
  }

  /** The verified routes whose answers the object has a part in. */
  #disturbDependents(object: KongObject, key: ObjectKey, gateway: Gateway | undefined): void {
    if (this.#verifier.size === 0 || key.kind === KongRoute.kind) return;
    const { caches } = this.#options;
    const starts = key.kind === KongPluginBinding.kind ? caches.usesOf(key.kind, object).map(parseKey) : [key];
    const routes = starts.flatMap((start) => this.#routesUsing(start));
    for (const route of routes) this.#verifier.disturb(formatKey(route));
    // A plugin of a consumer, or of everything, acts on whatever request comes.
    if (routes.length > 0 || key.kind !== KongPluginBinding.kind || !gateway) return;
    for (const id of this.#verifier.keysOf(formatKey(gateway.key))) this.#verifier.disturb(id);
  }

  /** The object itself where it is a route, and the routes that use it, directly or through a service. */
  #routesUsing(key: ObjectKey): ObjectKey[] {
    if (key.kind === KongRoute.kind) return [key];
    if (key.kind !== "KongService" && key.kind !== "KongUpstream") return [];
    return this.#options.caches.usersOf(key).flatMap((user) => this.#routesUsing(user));
  }

  #tell(key: ObjectKey, verdict: Verdict, before: Verdict): void {
    this.#options.enqueue(key);
    const object = this.#options.caches.get(key);
    const lost = before.status === "True" && verdict.status === "False";
    const regained = before.status === "False" && verdict.status === "True";
    if (!object || !(lost || regained)) return;
    const gateway = object.status?.gateway;
    this.#options.metrics.changes.inc({
      gateway: gateway ? formatKey({ kind: "KongGateway", ...gateway }) : "",
      change: lost ? "lost" : "regained",
    });
    this.#options.events.record(object, {
      type: lost ? "Warning" : "Normal",
      reason: verdict.reason,
      message: lost ? `No longer served: ${verdict.message}` : "Served again: the proxy answers as expected",
      action: "Verify",
    });
  }

  #targetOf(gateway: ObjectKey, proxy: KongGatewaySpec["proxy"], { schemes }: Verification): ProxyTarget | Verdict {
    const where = `KongGateway ${gateway.namespace}/${gateway.name}`;
    if (!proxy) return cannot("NoProxy", `${where} has no spec.proxy.url, so nothing can be asked there: set it`);
    const url = urlFor(proxy, schemes);
    if (url === undefined) {
      return cannot(
        "NoProxy",
        `The route takes https only and ${where} has no https address of its proxy: set spec.proxy.httpsUrl`,
      );
    }
    const { caSecretRef, insecureSkipVerify } = proxy.tls ?? {};
    if (!caSecretRef || !url.startsWith("https:"))
      return { url, ...(insecureSkipVerify ? { insecureSkipVerify } : {}) };
    const ca = this.#options.caches.secretData(gateway.namespace, caSecretRef.name)?.[caSecretRef.key];
    if (ca) return { url, ca };
    return cannot(
      "SecretNotFound",
      `${where}: spec.proxy.tls.caSecretRef: Secret ${caSecretRef.name} or its key "${caSecretRef.key}" does not exist, or it lacks the label: ` +
        `kubectl label secret -n ${gateway.namespace} ${caSecretRef.name} kjo.dev/secret=true`,
    );
  }
}

function cannot(reason: string, message: string): Verdict {
  return { status: "Unknown", reason, message };
}

function urlFor(
  { url, httpsUrl }: NonNullable<KongGatewaySpec["proxy"]>,
  schemes: Verification["schemes"],
): string | undefined {
  const candidates = [url, ...(httpsUrl === undefined ? [] : [httpsUrl])];
  return candidates.find((candidate) => schemes.some((scheme) => candidate.startsWith(`${scheme}:`)));
}

function servingOf(object: KongObject): (Verdict & { readonly observedGeneration?: number | undefined }) | undefined {
  return object.status?.conditions?.find(({ type }) => type === "Serving");
}

/** How long the gateway takes at most to serve what its Admin API has accepted. */
function settleMs({ connection }: Gateway): number {
  const { info } = connection.state;
  if (info?.database === "off") return DBLESS_SETTLE_MS;
  return (info?.stateUpdateMs ?? 5_000) + SETTLE_MARGIN_MS;
}
