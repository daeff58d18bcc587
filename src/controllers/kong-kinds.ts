import type { KindDefinition } from "../api/kind.ts";
import { KongCACertificate } from "../api/v1alpha1/kong-ca-certificate.ts";
import { KongCertificate } from "../api/v1alpha1/kong-certificate.ts";
import { KongConsumerGroup } from "../api/v1alpha1/kong-consumer-group.ts";
import { KongConsumer } from "../api/v1alpha1/kong-consumer.ts";
import { KongPluginBinding } from "../api/v1alpha1/kong-plugin-binding.ts";
import { KongRoute } from "../api/v1alpha1/kong-route.ts";
import { KongService } from "../api/v1alpha1/kong-service.ts";
import { KongUpstream } from "../api/v1alpha1/kong-upstream.ts";
import { KongVault } from "../api/v1alpha1/kong-vault.ts";
import { kongCACertificateTranslation } from "../translate/kong-ca-certificate.ts";
import { kongCertificateTranslation } from "../translate/kong-certificate.ts";
import { kongConsumerGroupTranslation } from "../translate/kong-consumer-group.ts";
import { kongConsumerTranslation } from "../translate/kong-consumer.ts";
import { kongPluginBindingTranslation } from "../translate/kong-plugin-binding.ts";
import { kongRouteTranslation } from "../translate/kong-route.ts";
import { kongServiceTranslation } from "../translate/kong-service.ts";
import { kongUpstreamTranslation } from "../translate/kong-upstream.ts";
import { kongVaultTranslation } from "../translate/kong-vault.ts";
import type { KindTranslation } from "../translate/translation.ts";

/** A kind whose objects become entities of a gateway. Everything else about it follows from these two. */
export interface KongKind<Spec = unknown> {
  readonly definition: KindDefinition<Spec>;
  readonly translation: KindTranslation<Spec>;
}

/** In the order in which their entities are created: the position is the priority in the work queue. */
export const KONG_KINDS: readonly KongKind[] = [
  kongKind(KongVault, kongVaultTranslation),
  kongKind(KongCACertificate, kongCACertificateTranslation),
  kongKind(KongCertificate, kongCertificateTranslation),
  kongKind(KongUpstream, kongUpstreamTranslation),
  kongKind(KongService, kongServiceTranslation),
  kongKind(KongRoute, kongRouteTranslation),
  kongKind(KongConsumerGroup, kongConsumerGroupTranslation),
  kongKind(KongConsumer, kongConsumerTranslation),
  kongKind(KongPluginBinding, kongPluginBindingTranslation),
];

/** The pair is checked here, where its spec type is known; the list holds kinds of different specs. */
function kongKind<Spec>(definition: KindDefinition<Spec>, translation: KindTranslation<Spec>): KongKind {
  return { definition, translation } as unknown as KongKind;
}
