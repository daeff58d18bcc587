import { z } from "zod";
import { hostName, integer, urlPath } from "../fields.ts";
import { headerMap } from "./header-map.ts";

/** In seconds, fractions included. */
const seconds = () => z.number().min(0).max(65535).optional();
const count = () => integer(0, 255).optional();
const statuses = () => z.array(integer(100, 999)).max(128).optional();
const checkType = () => z.enum(["tcp", "http", "https", "grpc", "grpcs"]).optional();

const Active = z.strictObject({
  type: checkType().describe("Protocol of the probes; tcp only opens a connection."),
  concurrency: integer(1, 2147483648).optional().describe("Targets probed at the same time."),
  timeout: seconds().describe("Seconds to wait for a probe's answer."),
  http_path: urlPath().optional().describe("Path of the probe's request."),
  headers: headerMap().optional().describe("Headers of the probe's request."),
  https_sni: hostName().optional().describe("Server name of the probe's TLS handshake."),
  https_verify_certificate: z.boolean().optional().describe("Whether the probe verifies the target's certificate."),
  healthy: z
    .strictObject({
      interval: seconds().describe("Seconds between two probes of a healthy target; 0 sends none."),
      http_statuses: statuses().describe("Statuses of a probe's answer that count as a success."),
      successes: count().describe("Successes in a row that make a target healthy; 0 never does."),
    })
    .optional()
    .describe("When probes make a target healthy."),
  unhealthy: z
    .strictObject({
      interval: seconds().describe("Seconds between two probes of an unhealthy target; 0 sends none."),
      http_statuses: statuses().describe("Statuses of a probe's answer that count as a failure."),
      tcp_failures: count().describe("Failed connections that make a target unhealthy; 0 never does."),
      timeouts: count().describe("Timeouts that make a target unhealthy; 0 never does."),
      http_failures: count().describe("Failures by status that make a target unhealthy; 0 never does."),
    })
    .optional()
    .describe("When probes make a target unhealthy."),
});

const Passive = z.strictObject({
  type: checkType().describe("Protocol of the traffic that is watched."),
  healthy: z
    .strictObject({
      http_statuses: statuses().describe("Statuses of an answer that count as a success."),
      successes: count().describe("Successes in proxied traffic that make a target healthy; 0 never does."),
    })
    .optional()
    .describe("When proxied traffic makes a target healthy."),
  unhealthy: z
    .strictObject({
      http_statuses: statuses().describe("Statuses of an answer that count as a failure."),
      tcp_failures: count().describe("Failed connections that make a target unhealthy; 0 never does."),
      timeouts: count().describe("Timeouts that make a target unhealthy; 0 never does."),
      http_failures: count().describe("Failures by status that make a target unhealthy; 0 never does."),
    })
    .optional()
    .describe("When proxied traffic makes a target unhealthy."),
});

/** Kong's health checks of an upstream's targets. */
export const Healthchecks = z.strictObject({
  active: Active.optional().describe("Probes that Kong sends to the targets."),
  passive: Passive.optional().describe("Conclusions from the traffic that Kong proxies."),
  threshold: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("Percentage of the targets' weight that must be healthy for the upstream to take requests."),
});
export type Healthchecks = z.infer<typeof Healthchecks>;
