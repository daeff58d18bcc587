interface Bucket {
  tokens: number;
  atMs: number;
}

export interface TokenBucketsOptions {
  /** Tokens of a bucket that has not been used for a while. */
  readonly burst: number;
  /** Time for one token to come back. */
  readonly refillMs: number;
  /** Buckets kept; the one unused for longest makes way, and starts full if it is needed again. */
  readonly most: number;
}

/** A rate limit for each of many keys. */
export class TokenBuckets {
  readonly #options: TokenBucketsOptions;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
  }

  /** Takes a token of the key; false where there is none. */
  take(key: string, nowMs = performance.now()): boolean {
    const { burst, refillMs, most } = this.#options;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
    const isAllowed = tokens >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: isAllowed ? tokens - 1 : tokens, atMs: nowMs });
    if (this.#buckets.size > most) this.#dropOldest();
    return isAllowed;
  }

  #dropOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
