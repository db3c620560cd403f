import { describe, expect, test } from "vitest";
import { checkUrl, isPublicAddress } from "../../src/storage/address-guard.ts";

const PRIVATE_ADDRESSES = [
  [
    "0.0.0.0",
    "10.0.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
  ],
  [
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
  ],
  ["224.0.0.1", "240.0.0.1", "255.255.255.255"],
  [
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
  ],
  [
    "2002:7f00:1::",
    "2001::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "4000::1",
  ],
].flat();

describe("the address guard", () => {
  test.for(PRIVATE_ADDRESSES)("takes %s for private", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.for(["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])(
    "takes %s for public",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test("takes what is no address for private", () => {
    expect(isPublicAddress("example.com")).toBe(false);
  });

  test.for([
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://[::1]:80/",
    "http://[::ffff:7f00:1]/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://a.localhost/",
    "http://169.254.169.254/latest/meta-data/",
  ])("refuses %s unless private addresses are let through", (text) => {
    expect(() => checkUrl(text, { allowPrivate: false })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
    expect(checkUrl(text, { allowPrivate: true })).toBeInstanceOf(URL);
  });

  test.for([
    "",
    "no address",
    "ftp://example.com/",
    "file:///etc/passwd",
    "data:,x",
    "http://user:word@example.com/",
    `http://e.com/${"x".repeat(9000)}`,
  ])("refuses %j always", (text) => {
    expect(() => checkUrl(text, { allowPrivate: true })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
  });

  test("lets a name through: where it leads is seen when it is fetched", () => {
    expect(checkUrl("https://example.com/a.jpg", { allowPrivate: false }).href).toBe(
      "https://example.com/a.jpg",
    );
  });
});
