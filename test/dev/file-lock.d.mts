/** See file-lock.mjs. */
export function withFileLock<T>(
  file: string,
  work: () => Promise<T>,
  options?: { onWait?: (owner: string) => void },
): Promise<T>;
