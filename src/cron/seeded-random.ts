import { createHash } from "node:crypto";

const MULTIPLIER = 0x5deece66dn;
const INCREMENT = 0xbn;
const MASK = (1n << 48n) - 1n;

/**
 * The numbers that Jenkins takes for `H`: the same seed gives the same ones, and different seeds spread.
 *
 * The MD5 of the seed (UTF-8), its second half XORed onto the first, is the seed of java.util.Random, a linear
 * congruential generator of 48 bits.
 * Source: hudson.scheduler.Hash, java.util.Random (Java SE API, methods next and nextInt).
 */
export class SeededRandom {
  #state: bigint;

  constructor(seed: string) {
    const digest = createHash("md5").update(seed, "utf8").digest();
    const long = digest.readBigUInt64BE(0) ^ digest.readBigUInt64BE(8);
    this.#state = (long ^ MULTIPLIER) & MASK;
  }

  /** A number from 0 to bound - 1; `bound` is 1 or more and fits into 31 bits. */
  nextInt(bound: number): number {
    const isPowerOfTwo = (bound & -bound) === bound;
    if (isPowerOfTwo) return Number((BigInt(bound) * BigInt(this.#next31())) >> 31n);
    for (;;) {
      const bits = this.#next31();
      const value = bits % bound;
      // Java draws again where its 32-bit sum overflows, so that no number is more likely than another.
      if (bits - value + (bound - 1) < 2 ** 31) return value;
    }
  }

  #next31(): number {
    this.#state = (this.#state * MULTIPLIER + INCREMENT) & MASK;
    return Number(this.#state >> 17n);
  }
}
