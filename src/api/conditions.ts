/** The types of `status.conditions`, with what each of them says when it is True. */
export const CONDITIONS = {
  Accepted: "The spec can be used.",
  ResolvedRefs: "All that the object names is there and may be used.",
  Programmed: "Kong holds what the object asks for.",
  Ready: "The three above together (on a KongGateway: it can be written to). Always there; the one to wait for.",
  Reconciling: "Work is going on. There only while it is True.",
  Stalled: "Nothing but a change will help. There only while it is True.",
  Serving: "On a KongRoute with verify: the proxy answers as expected. Changes Ready only with verify.required.",
  Drifted: "Kong was found changed behind the operator's back and left so. Changes nothing about Ready.",
  Contested:
    "On a KongPluginBinding: younger ones want the same plugin in the same place, and wait. Changes nothing about Ready.",
  Expiring:
    "On a KongCertificate or KongCACertificate: the certificate ends soon and nobody has renewed it. Changes nothing about Ready.",
  PodsBehind:
    "On a KongGateway without a database: some of its Pods could not be given the configuration. Changes nothing about Ready.",
  Orphans: "On a KongGateway: entities with our marks belong to no object and stay. Changes nothing about Ready.",
} as const;
export type ConditionType = keyof typeof CONDITIONS;
