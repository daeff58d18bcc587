/** A target as it stands in Kong. */
export interface TargetState {
  /** `10.0.0.1:8080` */
  readonly target: string;
  readonly weight: number;
  /** Kong's word: HEALTHY, UNHEALTHY, DNS_ERROR or HEALTHCHECKS_OFF; absent until Kong has built it in. */
  readonly health?: string;
}
