/** What is costly to make and must be let go of. */
interface Disposable {
  dispose(): Promise<void>;
}

/** Sessions by what they are for, each made when it is first asked for. */
export class SessionCache<Session extends Disposable> {
  readonly #sessions = new Map<string, Promise<Session>>();

  /** The session of that key; one that could not be made is tried again at the next call. */
  get(key: string, make: () => Promise<Session>): Promise<Session> {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#sessions.set(key, made);
    made.catch(() => this.#sessions.delete(key));
    return made;
  }

  /** Lets go of all; a second call does nothing. */
  async dispose(): Promise<void> {
    const sessions = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    for (const session of sessions) if (session.status === "fulfilled") await session.value.dispose();
  }
}
