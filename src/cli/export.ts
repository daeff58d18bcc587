import type { parseArgs } from "node:util";
import { environmentVariable } from "../config.ts";
import { writeDeck } from "../convert/deck-write.ts";
import type { FlatEntity, IsSecret, Lost } from "../convert/flat.ts";
import { toManifests } from "../convert/to-manifests.ts";
import { isSecretField } from "../kong/secret-fields.ts";
import { KubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/connection.ts";
import { checkManifests } from "../offline/check-manifests.ts";
import { entitiesOfSet } from "../offline/cluster-entities.ts";
import { clusterManifests, readCluster } from "../offline/cluster-objects.ts";
import { UsageError, type GivenGateway } from "../offline/gateways.ts";
import { readGateway } from "../offline/live-entities.ts";
import { ObjectSet } from "../offline/object-set.ts";
import { distinctLost, lostComment, lostLine, manifestText, writeText } from "../offline/write-files.ts";
import { gatewayName, givenGateway, KONG_OPTIONS, KONG_USAGE, oneOf, readArguments } from "./arguments.ts";
import { progressLine } from "./terminal.ts";

export const EXPORT_USAGE = `kjo export --format deck|crd [OPTIONS]: a gateway, or the cluster's objects, as configuration

  --format deck|crd           a decK file (format 3.0), or manifests
  --kong URL                  everything that this gateway holds, whoever made it
  -n, --namespace NAME        the cluster's objects of a namespace; with --kong the namespace of the manifests (default)
  -A, --all-namespaces        the cluster's objects of all namespaces
  --kubeconfig FILE           KUBECONFIG
  --gateway NAMESPACE/NAME    of the cluster's objects those of this KongGateway, for --format deck
  --tag TAG                   with --kong: only what has this tag, and what belongs to it
  --adopt match|override|none with --kong and crd: the manifests take over what they were made from (match)
  -o, --output FILE           standard output by default
  --with-secrets              writes the values of secrets, into a FILE that only you can read
${KONG_USAGE.split("\n").slice(1).join("\n")}

Without --with-secrets a decK file names variables (\${{ env "DECK_…" }}), and the Secrets of manifests hold placeholders
(\${KJO_SECRET_…}). What could not be carried over is listed on standard error, and in a comment of the output.

Exit code: 0 done, 1 failed.`;

const OPTIONS = {
  ...KONG_OPTIONS,
  format: { type: "string" },
  namespace: { type: "string", short: "n" },
  "all-namespaces": { type: "boolean", short: "A", default: false },
  kubeconfig: { type: "string" },
  gateway: { type: "string" },
  tag: { type: "string" },
  adopt: { type: "string", default: "match" },
  output: { type: "string", short: "o" },
  "with-secrets": { type: "boolean", default: false },
} as const satisfies NonNullable<Parameters<typeof parseArgs>[0]>["options"];

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>["values"];

interface Exported {
  readonly text: string;
  readonly lost: readonly Lost[];
}

/** `kjo export`. Returns the exit code. @throws UsageError, FileError, and what the gateway or cluster say */
export async function exportConfiguration(args: readonly string[]): Promise<number> {
  const { values } = readArguments(args, OPTIONS);
  if (values.format === undefined) throw new UsageError("--format deck|crd is missing");
  const format = oneOf("--format", values.format, ["deck", "crd"] as const);
  const isPrivate = values["with-secrets"];
  if (isPrivate && (values.output === undefined || values.output === "-"))
    throw new UsageError("--with-secrets needs -o FILE: secrets are not printed");
  // A variable of the environment does not outdo what the command line asks for.
  const asksCluster = values["all-namespaces"] || values.kubeconfig !== undefined;
  if (asksCluster && values.kong !== undefined) throw new UsageError("--kong, or the cluster: not both");
  const given = asksCluster ? undefined : givenGateway(values);
  const { text, lost } = given ? await fromGateway(given, format, values) : await fromCluster(format, values);
  for (const each of lost) console.error(`not carried over: ${lostLine(each)}`);
  if (values.output === undefined || values.output === "-") process.stdout.write(text);
  else writeText(values.output, text, { isPrivate });
  return 0;
}

async function fromGateway(given: GivenGateway, format: "deck" | "crd", values: Values): Promise<Exported> {
  const progress = progressLine("reading the gateway");
  const live = await readGateway(given, { tag: values.tag, onProgress: progress }).finally(() => progress.end());
  const workspace = given.workspace ?? "";
  const selectTags = values.tag === undefined ? [] : [values.tag];
  if (format === "deck") return deck(live.entities, live.isSecret, live.lost, { values, selectTags, workspace });
  const adopt = oneOf("--adopt", values.adopt, ["match", "override", "none"] as const);
  const manifests = toManifests(live.entities, {
    namespace: values.namespace ?? "default",
    adopt: adopt === "none" ? undefined : adopt,
    withSecrets: values["with-secrets"],
    isSecret: live.isSecret,
    isTransformed: true,
  });
  const checked = checkManifests(manifests.objects);
  const lost = distinctLost([...live.lost, ...manifests.lost, ...checked.lost]);
  return { text: manifestText(checked.objects, lost), lost };
}

async function fromCluster(format: "deck" | "crd", values: Values): Promise<Exported> {
  if (values.namespace === undefined && !values["all-namespaces"])
    throw new UsageError("what to export: --kong URL, -n NAMESPACE or -A");
  if (values.tag !== undefined) throw new UsageError("--tag goes with --kong");
  const client = new KubeClient({ config: kubeConfig(values.kubeconfig) });
  const manifests = await readCluster(client, values["all-namespaces"] ? undefined : values.namespace).finally(() =>
    client.close(),
  );
  if (format === "crd")
    return { text: manifestText(clusterManifests(manifests, values["with-secrets"]), []), lost: [] };
  const set = new ObjectSet(manifests, { namespace: "default", variable: () => undefined });
  const only = values.gateway === undefined ? undefined : gatewayName(values.gateway);
  const { entities, secretPaths, lost } = entitiesOfSet(set, { only, operatorNamespace: "" });
  const isSecret: IsSecret = (entity, path) =>
    isSecretField({ ...entity, secretPaths: secretPaths.get((entity as FlatEntity).id) }, path);
  return deck(entities, isSecret, lost, { values, selectTags: [], workspace: "" });
}

function kubeConfig(file: string | undefined): ReturnType<typeof loadKubeConfig> {
  try {
    return loadKubeConfig(file ?? environmentVariable("KUBECONFIG"));
  } catch (error) {
    throw new UsageError(`the cluster: ${(error as Error).message}`);
  }
}

function deck(
  entities: readonly FlatEntity[],
  isSecret: IsSecret,
  lost: readonly Lost[],
  { values, selectTags, workspace }: { values: Values; selectTags: readonly string[]; workspace: string },
): Exported {
  const text = writeDeck(entities, { isSecret: values["with-secrets"] ? undefined : isSecret, selectTags, workspace });
  return { text: (lost.length > 0 ? lostComment(lost) : "") + text, lost };
}
