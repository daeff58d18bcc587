import { z } from "zod";
import { namespaceName, objectName } from "../fields.ts";
import { ServicePortRef } from "./service-port-ref.ts";

/** The Kubernetes Service whose Pods are the gateway. */
export const AdminServiceRef = z.strictObject({
  ...ServicePortRef.shape,
  name: objectName().describe("Name of the Kubernetes Service."),
  namespace: namespaceName().optional().describe("Namespace of the Service; the KongGateway's own unless set."),
  scheme: z.enum(["http", "https"]).default("http").describe("What is spoken on that port."),
});
export type AdminServiceRef = z.infer<typeof AdminServiceRef>;
