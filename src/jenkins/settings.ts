import type { TlsSettings } from "../http/transport.ts";

/** Who the operator is for Jenkins. */
export type JenkinsIdentity =
  | { readonly kind: "anonymous" }
  /** Exempt from crumbs. */
  | { readonly kind: "token"; readonly user: string; readonly token: string }
  /** Every POST needs a crumb of the same session. */
  | { readonly kind: "password"; readonly user: string; readonly password: string };

/** All that a connection to one Jenkins needs, values from Secrets included. Never logged. */
export interface JenkinsSettings {
  /** `https://ci.example/jenkins`, with the context path. */
  readonly url: string;
  readonly identity: JenkinsIdentity;
  readonly tls?: TlsSettings | undefined;
  readonly timeoutMs: number;
}
