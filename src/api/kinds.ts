import type { KindDefinition } from "./kind.ts";
import { JenkinsBuild } from "./v1alpha1/jenkins-build.ts";
import { JenkinsServer } from "./v1alpha1/jenkins-server.ts";
import { KongCACertificate } from "./v1alpha1/kong-ca-certificate.ts";
import { KongCertificate } from "./v1alpha1/kong-certificate.ts";
import { KongConsumerGroup } from "./v1alpha1/kong-consumer-group.ts";
import { KongConsumer } from "./v1alpha1/kong-consumer.ts";
import { KongGateway } from "./v1alpha1/kong-gateway.ts";
import { KongPluginBinding } from "./v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "./v1alpha1/kong-route.ts";
import { KongService } from "./v1alpha1/kong-service.ts";
import { KongUpstream } from "./v1alpha1/kong-upstream.ts";
import { KongVault } from "./v1alpha1/kong-vault.ts";

export { API_VERSION, GROUP, VERSION } from "./names.ts";

/** Kinds that describe what a gateway has. */
export const GATEWAY_KINDS: readonly KindDefinition[] = [
  KongGateway,
  KongService,
  KongRoute,
  KongUpstream,
  KongPluginBinding,
  KongConsumer,
  KongConsumerGroup,
  KongCertificate,
  KongCACertificate,
  KongVault,
];

/** Every kind, in the order in which people meet them. */
export const KINDS: readonly KindDefinition[] = [...GATEWAY_KINDS, JenkinsServer, JenkinsBuild];
