import { describe, expect, test } from "vitest";
import type { FieldType } from "../../../src/contract/job-types/analysis.ts";
import { findLabelled } from "../../../workers/analysis/labels.ts";

const find = (text: string, name: string, type: FieldType = "string") =>
  findLabelled(text, [{ name, type, description: undefined }])[name];

describe("a field by its label", () => {
  test.each([
    ["Policy number: AB-12", "policyNumber"],
    ["POLICY NUMBER : AB-12", "policy_number"],
    ["  - policy-number:AB-12", "Policy Number"],
    ["> Policy number： AB-12", "policyNumber"],
    ["Policy number:\nAB-12\n\nmore", "policyNumber"],
    ["Policy number: AB-12\nbest regards", "policyNumber"],
    ["Policy number: AB-12\r\nPolicy number: other", "policyNumber"],
    ["Policy number:\n\nPolicy number: AB-12", "policyNumber"],
  ])("is found in %j", (text, name) => {
    expect(find(text, name)).toBe("AB-12");
  });

  test("goes on over lines that belong to it", () => {
    expect(find("Address: 1 Main St\n  London\nPhone: 12", "address")).toBe("1 Main St\nLondon");
    expect(find("Address:\n1 Main St\nLondon\n\nYours", "address")).toBe("1 Main St\nLondon");
    expect(find("Address:\n1 Main St\nPhone: 12", "address")).toBe("1 Main St");
  });

  test("is null where there is none", () => {
    expect(find("https://example.com\nTotal due: 5", "https")).toBeNull();
    expect(find("Total due: 5", "total")).toBeNull();
    expect(find("", "constructor")).toBeNull();
  });

  test.each<[string, FieldType, unknown]>([
    ["£1,234.50", "number", 1234.5],
    ["1 234 kg", "number", 1234],
    ["-5", "integer", -5],
    ["5.5", "integer", null],
    ["1.234,50 €", "number", null],
    ["5 of 6", "number", null],
    ["unknown", "number", null],
    ["Yes", "boolean", true],
    ["off", "boolean", false],
    ["maybe", "boolean", null],
    ["2026-03-12", "date", "2026-03-12"],
    ["12th March 2026", "date", "2026-03-12"],
    ["Mar 2, 2026", "date", "2026-03-02"],
    ["3/12/2026", "date", null],
    ["2026-02-31", "date", null],
  ])("reads %j as %s", (text, type, value) => {
    expect(find(`Value: ${text}`, "value", type)).toBe(value);
  });

  test("takes no longer for a text that was made to be slow", () => {
    const since = performance.now();
    find(`${"a ".repeat(100_000)}\n${"- ".repeat(50_000)}`, "name");
    expect(performance.now() - since).toBeLessThan(1000);
  });
});
