import type { JenkinsBuildStatus } from "../../api/v1alpha1/jenkins-build.ts";
import type { ControllerContext } from "../context.ts";
import type { DeliveryMetrics } from "../delivery-metrics.ts";
import type { JenkinsServers } from "./jenkins-servers.ts";

/** What the controllers of the delivery kinds are given. */
export interface DeliveryContext extends Pick<
  ControllerContext,
  "client" | "caches" | "statuses" | "events" | "logger" | "enqueue" | "now"
> {
  readonly servers: JenkinsServers;
  /** Called before each request that starts something. Does not return where another replica may lead by now. */
  readonly assertLeading: () => void;
  /** When this term began, in milliseconds since 1970. */
  readonly workingSinceMs: number;
  /** What Jenkins has answered and no status says yet, by uid and attempt. */
  readonly taken: Map<string, Partial<JenkinsBuildStatus>>;
  readonly metrics: Pick<DeliveryMetrics, "ended" | "ambiguous">;
}
