/** Where the live page is if no port is named. */
export const DEFAULT_PORT = 4646;
