import { InvalidSpecError, NotReadyError } from "../errors.ts";
import type { ConsulError } from "../discovery/consul-error.ts";
import type { ConsulQuery } from "../discovery/consul-query.ts";
import type { ConsulWatches } from "../discovery/consul-watches.ts";
import type { Endpoint } from "../model/endpoint.ts";
import { formatKey, type ObjectKey } from "../model/object-key.ts";
import type { BackendProblem } from "../model/outcome.ts";
import type { ConsulReference } from "../translate/translation.ts";
import type { ObservedBackend } from "./observe-backends.ts";
import { secretEntries, tlsFrom, type ReadSecret } from "./secret-entries.ts";

/**
 * Follows in Consul what the object refers to, from now on and nothing else; the work queue gets its key when that changes.
 * @param options.stands tells whether the object is in Kong, so that what is known in part is better than nothing.
 * @throws NotReadyError while the first answer is on its way, and where nothing is known for an object that is not in Kong.
 * @throws RefNotFoundError, InvalidSpecError naming the field and the remedy.
 */
export function observeConsul(
  watches: Pick<ConsulWatches, "follow">,
  owner: ObjectKey,
  references: readonly ConsulReference[],
  options: { readonly stands: () => boolean; readonly secretData: ReadSecret },
): ObservedBackend[] {
  const queries = references.map((reference) => consulQuery(owner, reference, options.secretData));
  const states = watches.follow(formatKey(owner), queries);
  return references.map((reference, index) => {
    const { endpoints, problem } = states[index] ?? {};
    const { field, backend } = reference;
    const where = `${field}: Consul at ${backend.address}`;
    if (endpoints) return { field, endpoints, ...problemOf(reference, endpoints, problem) };
    if (!problem) throw new NotReadyError("WaitingForConsul", `${where} has not answered yet`);
    const message = `${where}: ${problem.message}. What its instances are is not known`;
    if (!options.stands()) throw new NotReadyError(problem.reason, message);
    const kept = `${message}: targets that are in Kong stay`;
    return {
      field,
      endpoints: [],
      isUnknown: true,
      problem: { reason: problem.reason, message: kept, isMissing: false },
    };
  });
}

/** Where nobody follows Consul. */
export const NO_CONSUL: Pick<ConsulWatches, "follow"> = { follow: () => [] };

/** What people should know of instances that are known. */
function problemOf(
  { field, backend }: ConsulReference,
  { length }: readonly Endpoint[],
  problem: ConsulError | undefined,
): { problem?: BackendProblem } {
  if (problem) {
    const kept = length === 1 ? "the 1 instance last known is kept" : `the ${length} instances last known are kept`;
    const message = `${field}: Consul at ${backend.address}: ${problem.message}; ${kept}`;
    return { problem: { reason: problem.reason, message, isMissing: false } };
  }
  if (length > 0) return {};
  const message = `${field}: no instance of "${backend.service}" passes its checks in Consul, so no request goes there`;
  return { problem: { reason: "NoEndpoints", message, isMissing: false } };
}

function consulQuery(owner: ObjectKey, { field, backend }: ConsulReference, secretData: ReadSecret): ConsulQuery {
  const { address, service, tags = [], datacenter, namespace, partition, secretRef, tls } = backend;
  if (!URL.canParse(address)) {
    throw new InvalidSpecError("InvalidSpec", `${field}.address: is no address; write http://host:port`);
  }
  const secrets = secretEntries(owner.namespace, field, secretData);
  return {
    url: address,
    service,
    tags,
    datacenter,
    namespace,
    partition,
    ...(secretRef ? { token: secrets.value("secretRef", secretRef.name, secretRef.key) } : {}),
    ...tlsFrom(tls, secrets),
  };
}
