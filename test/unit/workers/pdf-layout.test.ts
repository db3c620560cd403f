import { describe, expect, test } from "vitest";
import { wrap } from "../../../workers/pdf/layout/wrap.ts";
import { toAmounts } from "../../../workers/pdf/templates/invoice/amounts.ts";

const inLines = (text: string, width: number) => wrap(text, width, (line) => line.length);

describe("wrapping a text", () => {
  test("breaks between words, at line ends, and within words that are too long", () => {
    expect(inLines("one two three", 7)).toEqual(["one two", "three"]);
    expect(inLines("one\n\ntwo", 7)).toEqual(["one", "", "two"]);
    expect(inLines("a abcdefghij b", 4)).toEqual(["a", "abcd", "efgh", "ij b"]);
    expect(inLines("", 4)).toEqual([""]);
  });

  test("keeps together what is one character to people", () => {
    expect(inLines("e\u0301e\u0301e\u0301", 4)).toEqual(["e\u0301e\u0301", "e\u0301"]);
    expect(inLines("👩‍👩‍👧x", 1)).toEqual(["👩‍👩‍👧", "x"]);
  });
});

describe("the amounts of an invoice", () => {
  const position = (quantity: number, unitPrice: number, taxRate: number) => ({
    description: "",
    quantity,
    unitPrice,
    taxRate,
  });

  test("add up as they are shown", () => {
    const positions = [position(3, 0.335, 19), position(1, 10, 7), position(2, -0.5, 19)];
    expect(toAmounts({ positions }, 2)).toEqual({
      positions: [101, 1000, -100],
      net: 1001,
      taxes: [
        { rate: 7, amount: 70 },
        { rate: 19, amount: 0 },
      ],
      total: 1071,
    });
  });

  test("have the currency's own digits", () => {
    const positions = [position(1, 99.5, 10)];
    expect(toAmounts({ positions }, 0)).toMatchObject({ net: 100, total: 110 });
  });
});
