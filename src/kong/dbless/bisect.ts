/** One of the suspects that a trial cannot do with, and what the trial said. */
export interface Culprit<T, E> {
  readonly suspect: T;
  readonly error: E;
}

/**
 * Finds those of the suspects with which a trial fails, where it does not say which: k culprits among n take about
 * k · log2(n) trials. A trial is made with a part of the suspects and resolves to what it failed with.
 *
 * The order counts: a suspect that needs another one comes after it.
 */
export async function findCulprits<T, E>(
  suspects: readonly T[],
  trial: (included: readonly T[]) => Promise<E | undefined>,
): Promise<Culprit<T, E>[]> {
  const good: T[] = [];
  const culprits: Culprit<T, E>[] = [];
  const search = async (part: readonly T[]): Promise<void> => {
    const [first] = part;
    if (first === undefined) return;
    const error = await trial([...good, ...part]);
    if (error === undefined) {
      good.push(...part);
    } else if (part.length === 1) {
      culprits.push({ suspect: first, error });
    } else {
      const middle = Math.ceil(part.length / 2);
      await search(part.slice(0, middle));
      await search(part.slice(middle));
    }
  };
  await search(suspects);
  return culprits;
}
