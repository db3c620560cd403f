import Type from "typebox";
import { Compile } from "typebox/compile";
import { describe, expect, test } from "vitest";
import { toProblems } from "../../../src/jobs/problems.ts";

const strict = { additionalProperties: false } as const;
const cut = Type.Object(
  { act: Type.Literal("cut"), at: Type.Array(Type.Integer(), { minItems: 1 }) },
  strict,
);
const glue = Type.Object({ act: Type.Literal("glue") }, strict);
const isAct = Compile(Type.Union([cut, glue]));

const problems = (value: unknown) => toProblems("/options", isAct.Errors(value));

describe("what is wrong with a request", () => {
  test("names each field that is missing", () => {
    const errors = Compile(cut).Errors({});
    expect(toProblems("/input/data", errors)).toEqual([
      { path: "/input/data/act", message: "Must be given" },
      { path: "/input/data/at", message: "Must be given" },
    ]);
  });

  test("is told by the schema of a union that was meant", () => {
    expect(problems({ act: "cut" })).toEqual([{ path: "/options/at", message: "Must be given" }]);
    expect(problems({ act: "cut", at: ["x"] })).toEqual([
      { path: "/options/at/0", message: "must be integer" },
    ]);
    expect(problems({ act: "glue", at: [1] })).toEqual([
      { path: "/options/at", message: "Unknown field" },
    ]);
  });

  test("is what may be chosen when no schema of a union was meant", () => {
    expect(problems({ act: "burn" })).toEqual([
      { path: "/options/act", message: "must be one of cut, glue" },
    ]);
    expect(problems({})).toEqual([{ path: "/options/act", message: "Must be given" }]);
  });
});
