import type { ConditionDraft } from "./conditions.ts";

/** What a connection says of a gateway without a database. */
export interface DblessState {
  readonly hash: string;
  readonly pods: readonly {
    readonly address: string;
    readonly hash: string | undefined;
    readonly problem: string | undefined;
  }[];
}

/** Most Pods that a message names. */
const LISTED = 5;

/** `status.dbless`; undefined where the gateway has a database, or nothing is known of it. */
export function dblessStatus({ dbless }: { readonly dbless: DblessState | undefined }) {
  if (!dbless) return undefined;
  const pods = dbless.pods.map(({ address, hash, problem }) => ({
    address,
    ...(hash === undefined ? {} : { configurationHash: hash }),
    ...(problem === undefined ? {} : { message: problem }),
  }));
  return { configurationHash: dbless.hash, pods };
}

/** Says which Pods lack the configuration that the others serve; none where all have it. */
export function dblessConditions({ dbless }: { readonly dbless: DblessState | undefined }): ConditionDraft[] {
  const lacking = dbless?.pods.filter(({ problem }) => problem !== undefined) ?? [];
  if (!dbless || lacking.length === 0 || lacking.length === dbless.pods.length) return [];
  const names = lacking.slice(0, LISTED).map(({ address, problem }) => `${address} (${problem ?? ""})`);
  const more = lacking.length > LISTED ? ` and ${lacking.length - LISTED} more` : "";
  const message = `${lacking.length} of ${dbless.pods.length} Pods do not take the configuration; the others serve it: ${names.join(", ")}${more}`;
  return [{ type: "PodsBehind", status: "True", reason: "PodUnreachable", message }];
}
