import { GatewayAuthError, KongUnavailableError } from "../../errors.ts";
import type { Json } from "../../model/json.ts";
import type { ObjectKey } from "../../model/object-key.ts";
import { positionOf } from "../../plan/entity-graph.ts";
import type { Logger } from "../../runtime/logger.ts";
import { AdminRejection } from "../admin-client.ts";
import { findCulprits } from "./bisect.ts";
import type { Changes } from "./changes.ts";
import type { DocumentEntity } from "./document.ts";
import type { Draft, Loaded } from "./loaded.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import { complaintsOf, refusalByTrial, refusalFrom } from "./refusal.ts";

export interface LoaderOptions {
  readonly pods: Pods;
  readonly loaded: Loaded;
  readonly changes: Changes;
  readonly logger: Logger;
  /** Called before each load. @throws OperatorError while nothing may be written. */
  readonly assertWritable: () => void;
}

export interface LoadResult {
  readonly draft: Draft;
  readonly arrived: readonly ObjectKey[];
}

/** Rounds of naming entities and taking them out; each takes out one at least, so only a Kong gone mad needs more. */
const MOST_ROUNDS = 100;

/** Gets the next document into the Pods; what Kong refuses of it is taken out and told in `changes`. */
export class Loader {
  readonly #options: LoaderOptions;
  /** MD5 of what is loaded; undefined where that is not known, or not as it should be. */
  hash: string | undefined;

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /**
   * @param mayStay Pods whose other configuration is left to them unless there is something new.
   * @throws KongUnavailableError, GatewayAuthError where no Pod could be asked; OperatorError of `assertWritable`.
   */
  async load(mayStay: (pod: Pod) => boolean): Promise<LoadResult> {
    const { loaded, changes, pods } = this.#options;
    let draft = await loaded.draft();
    for (let round = 1; ; round++) {
      changes.noteSetbacks(draft.setbacks);
      const isNew = this.hash === undefined || (draft.isNew && draft.document.hash !== this.hash);
      const lacking = pods.all().filter((pod) => this.#lacks(pod, draft, isNew) && (isNew || !mayStay(pod)));
      if (lacking.length === 0 && isNew && !pods.all().some(({ hash }) => hash === draft.document.hash)) {
        throw new KongUnavailableError("NoEndpoints", "no Pod of the gateway can be reached");
      }
      if (lacking.length === 0) return this.#conclude(draft, undefined, isNew ? draft.document.hash : this.hash);
      try {
        const { pod, answer } = await this.#prove(draft, lacking);
        const others = lacking.filter((each) => each !== pod && !each.isPaused);
        await pods.follow(draft.document, others);
        return this.#conclude(draft, answer, draft.document.hash);
      } catch (error) {
        if (!(error instanceof AdminRejection)) throw error;
        if (round > MOST_ROUNDS) throw refusedAsAWhole(error);
        await this.#blame(error, draft, lacking);
        draft = await loaded.draft();
      }
    }
  }

  /** Whether a Pod answers, and has something else than this. */
  #lacks({ hash }: Pod, { document }: Draft, isNew: boolean): boolean {
    return hash !== undefined && hash !== document.hash && (isNew || hash !== this.hash);
  }

  #prove({ document, entities }: Draft, among: readonly Pod[]): Promise<{ pod: Pod; answer: Json | undefined }> {
    const { pods, logger, assertWritable } = this.#options;
    assertWritable();
    logger.info("configuration is loaded", { stage: "apply", entities: entities.size, hash: document.hash });
    return pods.prove(document, among);
  }

  #conclude(draft: Draft, answer: Json | undefined, hash: string | undefined): LoadResult {
    this.hash = hash;
    return { draft, arrived: this.#options.loaded.apply(draft, answer) };
  }

  /** Finds out whose entities Kong does not take: by its own words, else by trying. */
  async #blame(rejection: AdminRejection, draft: Draft, among: readonly Pod[]): Promise<void> {
    const { changes, logger } = this.#options;
    const said = await this.#complaints(rejection, draft, among);
    for (const { complaint, by } of said) changes.noteRefusal(complaint.entity, refusalFrom(complaint, by));
    if (said.length > 0) return;
    logger.warn("Kong refuses the configuration without naming an entity: it is found by trying", { stage: "apply" });
    const culprits = await this.#try(draft, among);
    for (const { suspect, error } of culprits) changes.noteRefusal(suspect, refusalByTrial(suspect, error));
    if (culprits.length === 0) throw refusedAsAWhole(rejection);
  }

  async #complaints(rejection: AdminRejection, { document, entities }: Draft, among: readonly Pod[]) {
    const named = complaintsOf(rejection, entities);
    if (named.length > 0) return named.map((complaint) => ({ complaint, by: rejection }));
    // With `flatten_errors` Kong loses what is not at a place of the document: without it, it tells.
    const second = await among
      .find((pod) => !pod.isPaused)
      ?.explain(document)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    if (!(second instanceof AdminRejection)) return [];
    return complaintsOf(second, entities).map((complaint) => ({ complaint, by: second }));
  }

  async #try({ changes, entities }: Draft, among: readonly Pod[]) {
    const { loaded } = this.#options;
    const changed = changes.flatMap((change) => change.entities.filter((entity) => entities.get(entity.id) === entity));
    const suspects = changed.sort((a, b) => positionOf(a.type) - positionOf(b.type));
    const trial = async (included: readonly DocumentEntity[]): Promise<AdminRejection | undefined> => {
      const set = new Set(included);
      const part = await loaded.draft((entity) => set.has(entity));
      try {
        await this.#prove(part, among);
        return undefined;
      } catch (error) {
        if (error instanceof AdminRejection) return error;
        throw error;
      }
    };
    return findCulprits(suspects, trial);
  }
}

function refusedAsAWhole({ status, kong }: AdminRejection): Error {
  if (status === 404 || status === 405) {
    return new GatewayAuthError("AuthFailed", `the Admin API answered ${status} to POST /config`);
  }
  return new KongUnavailableError(
    "ConfigurationRefused",
    `Kong refuses the configuration and names no entity (code ${kong.code ?? "none"}): its error log says more`,
  );
}
