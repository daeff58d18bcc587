import { TenantRestrictedError } from "../errors.ts";
import { formatKey } from "../model/object-key.ts";
import { entityViolation } from "./entity-rules.ts";
import { destinationProblem, isNamed } from "./destinations.ts";
import { ownsHost } from "./hosts.ts";
import { violation, type JudgedEntity, type TenancyContext, type Violation } from "./violation.ts";

/** Fields of a spec that say more than the entities that come of it. */
export interface JudgedSpec {
  readonly adopt?: unknown;
  readonly deletionPolicy?: unknown;
  /** The operator sends a route's request through the proxy, from its own place in the network. */
  readonly verify?: { readonly host?: string | undefined } | undefined;
  readonly backends?: readonly { readonly consul?: { readonly address?: unknown } | undefined }[] | undefined;
}

/**
 * What an object of another namespace than the gateway's asks for, held against what that namespace may do. Stands
 * between translate and plan; pure.
 * @throws TenantRestrictedError naming the object, the field, the rule and where the gateway's owner can open it.
 */
export function assertPermitted(spec: JudgedSpec, desired: readonly JudgedEntity[], context: TenancyContext): void {
  const found = specViolation(spec, context) ?? firstViolation(desired, context);
  if (found) throw new TenantRestrictedError("TenantRestricted", describe(found, context));
}

/** True where all that stands in Kong is still permitted. */
export function isPermitted(standing: readonly JudgedEntity[], context: TenancyContext): boolean {
  return firstViolation(standing, context) === undefined;
}

function firstViolation(entities: readonly JudgedEntity[], context: TenancyContext): Violation | undefined {
  for (const entity of entities) {
    const found = entityViolation(entity, context);
    if (found) return found;
  }
  return undefined;
}

function specViolation(spec: JudgedSpec, context: TenancyContext): Violation | undefined {
  const { customNames } = context.rights;
  if (spec.adopt !== undefined && !customNames) {
    return violation("spec.adopt", "takes over what may be anybody's", "customNames");
  }
  if (spec.deletionPolicy === "Orphan" && !customNames) {
    return violation("spec.deletionPolicy", "Orphan would leave in Kong what nobody can take back", "customNames");
  }
  return verifyViolation(spec, context) ?? consulViolation(spec, context);
}

function verifyViolation({ verify }: JudgedSpec, { rights }: TenancyContext): Violation | undefined {
  const host = verify?.host;
  if (host === undefined || ownsHost(rights.hosts, host)) return undefined;
  return violation("spec.verify.host", `${JSON.stringify(host)} is no host of the namespace`, "hosts");
}

/** Whoever answers for a Consul says where requests go: the gateway's owner has to trust it by name. */
function consulViolation({ backends = [] }: JudgedSpec, context: TenancyContext): Violation | undefined {
  const { destinations } = context;
  const index = backends.findIndex(({ consul }) => {
    if (!consul) return false;
    const address = String(consul.address ?? "");
    const host = URL.parse(address.includes("://") ? address : `http://${address}`)?.hostname ?? "";
    // Nothing but an entry opens it: with all else closed, even a public address is a problem.
    const isOpened = destinations.opened.includes("*") || isNamed(host, destinations);
    return !isOpened || destinationProblem(host, destinations) !== undefined;
  });
  if (index < 0) return undefined;
  const problem = "is a Consul that the operator asks, and that says where requests go";
  return violation(`spec.backends[${index}].consul.address`, problem, "destinations");
}

function describe({ field, problem, opens }: Violation, { owner, gateway }: TenancyContext): string {
  const where = `KongGateway ${gateway.namespace}/${gateway.name}`;
  const remedy = opens
    ? `; the owner of ${where} can open it for the namespace ${owner.namespace} by spec.tenants[].${opens}`
    : "";
  return `${formatKey(owner)}: ${field} ${problem}${remedy}`;
}
