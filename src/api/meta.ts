/** The part of metav1.ObjectMeta that the operator reads, in plain form: times are RFC 3339 strings. */
export interface ObjectMeta {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
}

/** metav1.Condition in plain form. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  /** CamelCase word for machines; never empty. */
  reason: string;
  /** For people; may be empty. */
  message: string;
  /** RFC 3339; changes only when `status` does. */
  lastTransitionTime: string;
  /** `metadata.generation` that the condition speaks of. */
  observedGeneration?: number | undefined;
}

/** An object of one of our kinds as the API server returns it. */
export interface CustomResource<Spec = unknown, Status = unknown> {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
}
