import { hostname } from "node:os";
import { expect, test } from "vitest";
import { isAllowedHost } from "./allowed-hosts.ts";

test.each(["127.0.0.1:4646", "127.0.0.1", "localhost:4646", "LOCALHOST", "[::1]:4646", "[::1]", "10.1.2.3:80", `${hostname()}:1`])(
  "%s is this server",
  (header) => expect(isAllowedHost(header, "127.0.0.1")).toBe(true),
);

test.each([
  undefined,
  "",
  "evil.example",
  "evil.example:4646",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "a b",
  "[evil]:1",
  "::1:x",
])("%s is not", (header) => expect(isAllowedHost(header, "127.0.0.1")).toBe(false));

test("the name that it was told to listen on is", () => expect(isAllowedHost("Node7.cluster:4646", "node7.cluster")).toBe(true));
