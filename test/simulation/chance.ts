/* Every choice that a seed makes. */
import { type SeededRandom, seededRandom } from "../support/seeded-random.ts";

export class Chance {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    // Knuth's multiplicative hash: seeds that follow each other begin far apart.
    this.#random = seededRandom(Math.imul(seed + 1, 2_654_435_761));
    this.#random.below(2);
  }

  /** @param probability from 0 to 1 */
  happens(probability: number): boolean {
    return this.#random.below(1_000_000) < probability * 1_000_000;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.#random.below(most - least + 1);
  }

  pick<T>(items: readonly T[]): T {
    return this.#random.pick(items);
  }
}
