import type { Invoice } from "./template.ts";

/** All in the currency's smallest unit, as cents. */
export interface Amounts {
  positions: number[];
  net: number;
  /** By rate, the lowest first. */
  taxes: { rate: number; amount: number }[];
  total: number;
}

/** Each position is rounded, and the tax of each rate: so the figures shown add up. */
export function toAmounts({ positions }: Pick<Invoice, "positions">, digits: number): Amounts {
  const unit = 10 ** digits;
  const amounts = positions.map(({ quantity, unitPrice }) => round(quantity * unitPrice * unit));
  const byRate = new Map<number, number>();
  for (const [i, { taxRate }] of positions.entries())
    byRate.set(taxRate, (byRate.get(taxRate) ?? 0) + (amounts[i] ?? 0));
  const taxes = Array.from(byRate, ([rate, base]) => ({
    rate,
    amount: round((base * rate) / 100),
  }));
  const net = sum(amounts);
  return {
    positions: amounts,
    net,
    taxes: taxes.toSorted((a, b) => a.rate - b.rate),
    total: net + sum(taxes.map(({ amount }) => amount)),
  };
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** Half a cent away from zero, though binary fractions fall short of it: 1.005 is a little less than that. */
const round = (value: number): number =>
  Math.sign(value) * Math.round(Math.abs(value) * (1 + Number.EPSILON * 4));
