import { z } from "zod";
import { integer } from "../fields.ts";
import { isSet, withRules } from "../rules.ts";
import { ConsulBackend } from "./consul-backend.ts";
import { ServicePortRef } from "./service-port-ref.ts";

const backend = z.strictObject({
  serviceRef: ServicePortRef.optional().describe(
    "A Kubernetes Service: its ready endpoints become targets, past the Service's own address.",
  ),
  consul: ConsulBackend.optional().describe(
    "A service in Consul: its instances that pass their checks become targets, with the weights they are registered with.",
  ),
  weight: integer(0, 65535)
    .optional()
    .describe(
      "The backend's share of the requests against the weights of the other backends, whatever the number of its endpoints; 0 sends none. 100 unless set.",
    ),
});

/** Where a backend's endpoints come from; each backend has one. */
const SOURCES = ["serviceRef", "consul"] as const satisfies readonly (keyof z.infer<typeof backend>)[];

/** A set of endpoints that is found elsewhere and followed as it changes. */
export const UpstreamBackend = withRules(backend, [
  {
    cel: `[${SOURCES.map((source) => `has(self.${source})`).join(", ")}].filter(set, set).size() == 1`,
    message: `exactly one of ${SOURCES.join(" and ")} must be set: it says where the endpoints come from`,
    holds: (spec) => SOURCES.filter((source) => isSet(spec[source])).length === 1,
  },
]);
export type UpstreamBackend = z.infer<typeof UpstreamBackend>;
