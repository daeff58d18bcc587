import type { ControllerContext } from "../context.ts";
import type { JenkinsServers } from "./jenkins-servers.ts";

/** What the controllers of the delivery kinds are given. */
export interface DeliveryContext extends Pick<
  ControllerContext,
  "client" | "caches" | "statuses" | "events" | "logger" | "enqueue" | "now"
> {
  readonly servers: JenkinsServers;
  /** Called before each request that starts something. Does not return where another replica may lead by now. */
  readonly assertLeading: () => void;
}
