/** One answer of {@link topK}: an item's number and its score. */
export interface ScoredItem {
  readonly item: number;
  readonly score: number;
}

/**
 * The k best of the scores, best first; of equal scores the lower item number comes first, so that the order never depends on
 * luck. NaN ranks below every number. O(n log k).
 */
export function topK(scores: ArrayLike<number>, k: number): ScoredItem[] {
  const heap: ScoredItem[] = []; // the worst of the best on top
  for (let item = 0; item < scores.length; item++) {
    const entry = { item, score: scores[item] as number };
    if (heap.length < k) {
      heap.push(entry);
      siftUp(heap);
    } else if (k > 0 && comesBefore(entry, heap[0] as ScoredItem)) {
      heap[0] = entry;
      siftDown(heap);
    }
  }
  return heap.sort((left, right) => (comesBefore(left, right) ? -1 : 1));
}

function comesBefore(left: ScoredItem, right: ScoredItem): boolean {
  if (left.score === right.score) return left.item < right.item;
  if (Number.isNaN(left.score)) return Number.isNaN(right.score) && left.item < right.item;
  return left.score > right.score || Number.isNaN(right.score);
}

function siftUp(heap: ScoredItem[]): void {
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (comesBefore(heap[at] as ScoredItem, heap[parent] as ScoredItem)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function siftDown(heap: ScoredItem[]): void {
  let at = 0;
  for (;;) {
    let worst = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && comesBefore(heap[worst] as ScoredItem, heap[child] as ScoredItem)) worst = child;
    }
    if (worst === at) return;
    swap(heap, at, worst);
    at = worst;
  }
}

function swap(heap: ScoredItem[], left: number, right: number): void {
  [heap[left], heap[right]] = [heap[right] as ScoredItem, heap[left] as ScoredItem];
}
