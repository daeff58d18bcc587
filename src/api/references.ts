import { z } from "zod";
import { namespaceName, objectName, secretKey } from "./fields.ts";

/** An object in the namespace of the one that names it. */
export const LocalRef = z.strictObject({
  name: objectName().describe("Name of the object."),
});
export type LocalRef = z.infer<typeof LocalRef>;

/** The KongGateway an object belongs to; the one reference that may leave the namespace. */
export const GatewayRef = z.strictObject({
  name: objectName().describe("Name of the KongGateway."),
  namespace: namespaceName()
    .optional()
    .describe(
      "Namespace of the KongGateway; the object's own unless set. The gateway's allowedNamespaces must admit the object.",
    ),
});
export type GatewayRef = z.infer<typeof GatewayRef>;

/** A Secret in the namespace of the object that names it. */
export const SecretRef = z.strictObject({
  name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
});
export type SecretRef = z.infer<typeof SecretRef>;

/** One value of a Secret in the namespace of the object that names it. */
export const SecretKeyRef = z.strictObject({
  name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
  key: secretKey().describe("Key of the value in the Secret's data."),
});
export type SecretKeyRef = z.infer<typeof SecretKeyRef>;

/** One value of a Secret under a key that has a usual name. */
export function secretWithKey(usualKey: string, of: string) {
  return z.strictObject({
    name: objectName().describe('Name of the Secret. It must carry the label kjo.dev/secret: "true".'),
    key: secretKey().default(usualKey).describe(`Key of the ${of} in the Secret's data.`),
  });
}
