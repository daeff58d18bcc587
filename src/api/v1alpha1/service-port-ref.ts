import { z } from "zod";
import { objectName } from "../fields.ts";

const PORT_NAME = /^[-a-z0-9]+$/;

/** A port of a Service by its name or its number, as an integer or a text. */
const portRef = () =>
  z
    .union([z.int().min(1).max(65535), z.string().min(1).max(63).regex(PORT_NAME)], {
      error: "must be the number (1 to 65535) or the name of a port of the Service",
    })
    .meta({ "x-kubernetes-int-or-string": true });

/** A port of a Kubernetes Service in the namespace of the object that names it. */
export const ServicePortRef = z.strictObject({
  name: objectName().describe("Name of the Kubernetes Service, in the object's namespace."),
  port: portRef().describe(
    "Port of the Service, by its number or its name; of a headless Service without ports, the Pods' port.",
  ),
});
export type ServicePortRef = z.infer<typeof ServicePortRef>;
