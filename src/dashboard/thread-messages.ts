import type { PolyvecErrorOptions } from "../errors/polyvec-error.ts";

/** What the page's thread tells. */
export type ThreadMessage =
  | { readonly kind: "open"; readonly url: string }
  | { readonly kind: "failed"; readonly error: Pick<PolyvecErrorOptions, "message" | "details"> };
