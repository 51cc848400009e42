/** What a generator yields, each made while the caller is busy with the one before. A caller that stops closes the generator. */
export async function* aheadByOne<Item>(source: AsyncGenerator<Item, void, undefined>): AsyncGenerator<Item, void, undefined> {
  let next = source.next();
  try {
    for (let result = await next; result.done !== true; result = await next) {
      next = source.next();
      next.catch(() => undefined); // told when it is awaited, or not at all if the caller stops before
      yield result.value;
    }
  } finally {
    await next.catch(() => undefined);
    await source.return();
  }
}
