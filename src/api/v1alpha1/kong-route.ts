import { z } from "zod";
import type { KindDefinition } from "../kind.ts";
import { MESSAGE_COLUMN, READY_COLUMNS } from "../kind.ts";
import { CATEGORY } from "../names.ts";
import { withRules } from "../rules.ts";
import { entityStatusFields, KongStatus } from "../status.ts";
import { kongRouteFields } from "./kong-route-fields.ts";
import { routeRules } from "./kong-route-rules.ts";
import { RouteVerify, verifyRules } from "./kong-route-verify.ts";

const fields = kongRouteFields.extend({
  verify: RouteVerify.optional().describe(
    "A request through the gateway's proxy that shows whether the route serves: sent after each change and on an interval, told by the condition Serving. Needs spec.proxy of the KongGateway.",
  ),
});

/** A route in Kong. */
export const KongRouteSpec = withRules(fields, [...routeRules, ...verifyRules]).describe(
  "What the route in Kong should be. Fields of Kong's own keep its names; what is absent takes the gateway's default.",
);
export type KongRouteSpec = z.infer<typeof KongRouteSpec>;

export const KongRouteStatus = z.strictObject({
  ...entityStatusFields,
  kong: KongStatus.optional().describe("The route in Kong."),
});
export type KongRouteStatus = z.infer<typeof KongRouteStatus>;

export const KongRoute: KindDefinition<KongRouteSpec, KongRouteStatus> = {
  kind: "KongRoute",
  plural: "kongroutes",
  singular: "kongroute",
  shortNames: ["kjr"],
  categories: [CATEGORY],
  description: "A route in Kong: which requests go to a service.",
  specSchema: KongRouteSpec,
  statusSchema: KongRouteStatus,
  printerColumns: [
    { name: "Kong name", type: "string", jsonPath: ".status.kong.name", description: "Name of the route in Kong" },
    { name: "Service", type: "string", jsonPath: ".spec.serviceRef.name" },
    {
      name: "Serving",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Serving")].status',
      description: "Whether the proxy answers for the route as spec.verify expects",
    },
    { name: "Hosts", type: "string", jsonPath: ".spec.hosts", priority: 1 },
    { name: "Paths", type: "string", jsonPath: ".spec.paths", priority: 1 },
    { name: "Gateway", type: "string", jsonPath: ".status.gateway.name", priority: 1 },
    MESSAGE_COLUMN,
    ...READY_COLUMNS,
  ],
};
