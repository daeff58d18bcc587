/** The API group and version of every kind. */
export const GROUP = "kjo.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** `kubectl get kjo -A` lists the objects of every kind. */
export const CATEGORY = "kjo";

/** On a Secret, with the value "true": its owner lets the operator read it. Secrets without it are never read. */
export const LABEL_SECRET = "kjo.dev/secret";

/**
 * A value of a Secret that is still to be put in, `${KJO_SECRET_ALICE_KEY}` or `${DECK_…}`, as kjo export and import write them: whoever
 * reads the Secret finds no such key there.
 */
export const SECRET_PLACEHOLDER = /^\$\{((?:KJO_SECRET|DECK)_\w+)\}$/;

/** Any new value asks for a reconcile now; the answer stands in `status.lastHandledReconcileAt`. */
export const ANNOTATION_RECONCILE = "kjo.dev/reconcile";
/** Flux's name for the same request, `flux reconcile` and its dashboards set it. */
export const ANNOTATION_RECONCILE_FLUX = "reconcile.fluxcd.io/requestedAt";
/** With the value "true": deletion goes on although others' entities hang on ours, or the gateway is gone for good. */
export const ANNOTATION_FORCE_DELETE = "kjo.dev/force-delete";

/** Holds an object back until what it made has been removed from Kong. */
export const FINALIZER = "kjo.dev/cleanup";

/** The KongGateway that is used where `spec.gatewayRef` is absent. */
export const DEFAULT_GATEWAY_NAME = "default";
