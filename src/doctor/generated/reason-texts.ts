/** What docs/reasons.md says of each reason. Generated: npm run generate. */
export const REASON_TEXTS: Readonly<Record<string, string>> = {
  Accepted: "The condition holds.",
  AdoptMismatch: "`adopt.mode: match`, and what stands in Kong differs; the message names the fields.",
  AdoptNotFound: "Nothing in Kong has the id in `spec.adopt.id`.",
  AuthFailed: "Token, headers or certificates are not accepted. Correct the Secret: no restart is needed.",
  BackendsFollowed: "Event: what stands behind the backends is known again.",
  Blocked: "On the condition `Orphans`: why entities that belong to no object stay.",
  ClusterNeeded: "Without a cluster (`kjo diff`, `kjo sync`) nobody follows what stands behind a Service or in Consul.",
  ConfigurationRefused:
    "A gateway without a database refuses the configuration and names no entity of it; its error log says more.",
  Conflict: "A name, key or scope is taken in Kong; the message says by whom. Choose another, or `spec.adopt`.",
  Connected: "Being looked at for the first time; all well.",
  Connecting: "Being looked at for the first time; all well.",
  ConnectionLost: "How the Admin API failed. It is tried again with growing pauses.",
  ConnectionRefused: "How the Admin API failed. It is tried again with growing pauses.",
  ConsulDenied:
    "The token may not see the service, or is unknown. Correct the Secret or the token's policy: no restart is needed.",
  ConsulRefused: "Consul refuses the query: a redirect, or namespaces and partitions that this Consul does not have.",
  ConsulTLSFailed: "Certificates do not agree; see `consul.tls`.",
  ConsulUnavailable:
    "Consul cannot be reached, does not answer in time, or answers 5xx or 429. It is tried again with growing pauses.",
  CredentialGenerated: "Event: a credential was made and written to its Secret.",
  DataPlane: "The address is that of a data plane; name its control plane.",
  DriftFound: "Somebody changed an entity in Kong; it was put back, or left so by `drift.policy: Report`.",
  DriftRepaired: "Somebody changed an entity in Kong; it was put back, or left so by `drift.policy: Report`.",
  EndpointNotPermitted:
    "A backend has an endpoint where a tenant may not send requests; it is left out, and the others take the requests.",
  ExpiresSoon: "A certificate ends within 14 days, or a fifth of its time, and its successor is not in the Secret yet.",
  Failed: "The connection failed by a bug in the operator; its log says more. Please report it.",
  FieldsNotSent:
    "The gateway's own schema lacks a field; everything else is in Kong. Remove the field, or upgrade Kong.",
  ForeignConfiguration:
    "The gateway has no database, and holds a configuration that the operator did not load; see `spec.dbless.replaceForeign`.",
  ForeignDependents: "Entities of others hang on ours; the message lists them. Remove them, or force the deletion.",
  GatewayAuthFailed: "Token, headers or certificates are not accepted. Correct the Secret: no restart is needed.",
  GatewayConnecting: "What the gateway holds is not known yet; objects wait.",
  GatewayGone: "The KongGateway is gone, so nothing can be removed from Kong. Force the deletion.",
  GatewayNotFound: "No KongGateway for this object: none named, and none called `default`.",
  GatewayNotReady: "What the gateway holds is not known yet; objects wait.",
  GatewayRefused: "On an object: the gateway answers but must not be written to; see the KongGateway.",
  GatewayUnavailable: "On an object: its change waits until the gateway answers again.",
  HandingOver: "A CA certificate or SNI goes over to another object that wants the same; this one waits for a moment.",
  InUse: "Other objects use this one; it goes when they have.",
  InstanceInUse: "Another cluster uses the same instance there; see `spec.takeOver`.",
  InternalError: "A bug in the operator; its log has the stack. Please report it.",
  InvalidSecret:
    "A Secret's value cannot be used: a `configFrom` that is no object, a certificate that has expired or whose key is another's. Its content is never shown. What Kong has stays.",
  InvalidSpec: "A field cannot be used; the message says which. Change the spec.",
  LeftBehind: "Event: what a forced deletion leaves in Kong.",
  NamespaceNotAllowed: "The KongGateway does not take objects of this namespace; see its `allowedNamespaces`.",
  NamespaceUnknown: "The namespace itself has not been seen yet; the object waits for it.",
  NoEndpoints:
    "A backend has no ready endpoint in its Service, or no passing instance in Consul; the other backends take the requests. Or: The Service in `spec.adminApi.serviceRef` has no Pod that can be reached.",
  NoProxy:
    "The KongGateway does not say where its proxy is: set `spec.proxy.url`, for https-only routes `spec.proxy.httpsUrl`.",
  NoRouteMatched:
    "Kong says itself that it has no route for the request. Look at `verify`'s host, path and headers; at a DB-less or clustered gateway, at the node's own log.",
  NotAnAdminAPI: "Something answers at the address, and it is no Kong Admin API, or sends elsewhere.",
  NotConsul: "Something answers at the address, and it is no Consul.",
  NotSupportedByGateway: "The gateway lacks a plugin or a type of entity.",
  OlderWins: "On the condition `Contested`: younger bindings want the same place, and wait.",
  OrphansRemoved: "Event: entities that belonged to no object were removed.",
  OverLimit: "On the condition `Orphans`: why entities that belong to no object stay.",
  PodUnreachable: "Some Pods of a gateway without a database do not take the configuration; the others serve it.",
  Programmed: "The condition holds.",
  ProxyUnreachable:
    "Nothing answers at the KongGateway's `spec.proxy`, as seen from the operator. `Timeout` and `TLSFailed` are as for the Admin API.",
  Redirected: "Something answers at the address, and it is no Kong Admin API, or sends elsewhere.",
  RefNotFound: "The object that a reference names does not exist, or is of a kind that this version does not have.",
  RefNotReady: "It exists, and is not in this gateway yet. Its own conditions say why.",
  RefsNotResolved: "On `Programmed`: nothing was tried, because of `ResolvedRefs`.",
  Rejected: "Kong refuses the entity; the message has Kong's fields, secrets replaced by their paths.",
  ReportOnly: "On the condition `Orphans`: why entities that belong to no object stay.",
  ResolvedRefs: "The condition holds.",
  ResponseTooLarge: "How the Admin API failed. It is tried again with growing pauses.",
  RevocationBlocked:
    "No longer permitted, and still in Kong because something refers to it, or the gateway cannot be written to. Tried again.",
  RevocationReported: "No longer permitted, and left in Kong by `revocation.policy: Report`.",
  Revoked:
    "No longer permitted: removed from Kong, or closed with 503 in a plugin's place. It returns with the right. Also an Event.",
  SecretKeyMissing: "The Secret is there, and lacks a key.",
  SecretNotFound: "The Secret does not exist, or lacks the label `kjo.dev/secret=true`.",
  SecretNotGenerated:
    "A credential with `generate: true`, and the operator may not create Secrets in this namespace: [how](consumers.md#generated-credentials).",
  Served: "The proxy answers as `spec.verify` expects.",
  ServerError: "How the Admin API failed. It is tried again with growing pauses.",
  ServiceNotFound: "The Kubernetes Service of a `serviceRef` does not exist in the object's namespace.",
  ServicePortNotFound: "The Kubernetes Service has no port of that name or number; the message lists those it has.",
  Shadowed:
    "An older binding has the same plugin in the same place; the message says which. It takes over when that lets go.",
  StillServing: "A service has just left the upstream; it goes when the gateway's workers have noticed.",
  TLSFailed: "Token, headers or certificates are not accepted. Correct the Secret: no restart is needed.",
  TargetHealthy: "Event: the gateway's health checks took a target out, or back; see `status.targetHealth`.",
  TargetUnhealthy: "Event: the gateway's health checks took a target out, or back; see `status.targetHealth`.",
  TenantRestricted:
    "The gateway does not let this namespace do that. Ask its owner, or do without. What stands in Kong and is permitted stays.",
  Timeout: "How the Admin API failed. It is tried again with growing pauses.",
  TooManyRequests: "How the Admin API failed. It is tried again with growing pauses.",
  UnexpectedStatus:
    "Another status than `verify.expectStatus`; the message says which, and Kong's own words where no backend gave it.",
  VersionNotSupported: "Kong is older than 3.4.",
  WaitingForBalancer:
    "A service goes over to a new upstream when the gateway serves from there; the former host serves.",
  WaitingForConsul: "Consul has been asked for the first time and has not answered yet.",
  WaitingForProxy:
    "Kong has accepted the route, and its proxy does not serve it yet, which takes up to 5 s with default settings.",
  WorkspaceNotFound: "The gateway has no such workspace; Kong's open source gateway has none.",
};
