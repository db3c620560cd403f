import { expect, test } from "vitest";
import { toAddressKey } from "../../src/gateway/auth/address-key.ts";

test("addresses of one network at home are counted as one", () => {
  expect(toAddressKey("2001:db8:1:2::1")).toBe(toAddressKey("2001:db8:1:2:ffff::2"));
  expect(toAddressKey("2001:db8:1:2::1")).not.toBe(toAddressKey("2001:db8:1:3::1"));
  expect(toAddressKey("10.0.0.1")).not.toBe(toAddressKey("10.0.0.2"));
  expect(toAddressKey("::ffff:10.0.0.1")).toBe(toAddressKey("10.0.0.1"));
});
