import { isIP } from "node:net";
import { hostname } from "node:os";

/**
 * Whether a request was meant for this server, by its `Host`. A page elsewhere can have its own name resolve to this machine (DNS rebinding) and then read what
 * is served here; but its requests carry that name. So a name has to be known, while an address cannot be had that way.
 * @param header of the request. @param bound what the server was told to listen on.
 */
export function isAllowedHost(header: string | undefined, bound: string): boolean {
  const name = /^(?:\[([\da-f:.]+)\]|([^:[\]]+))(?::\d+)?$/i
    .exec(header ?? "")
    ?.slice(1)
    .find(Boolean)
    ?.toLowerCase();
  if (name === undefined) return false;
  return isIP(name) !== 0 || [bound, "localhost", hostname()].some((known) => known.toLowerCase() === name);
}
