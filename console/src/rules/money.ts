// Credits are millionths: sums are made of whole numbers, so that the parts are exactly the total.

const MILLION = 1_000_000;

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + Math.round(value * MILLION), 0) / MILLION;
}
