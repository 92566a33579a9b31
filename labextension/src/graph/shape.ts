// Successors in, walks out. Without recursion; declared order decides wherever there is a choice.

type Successors = ReadonlyMap<string, readonly string[]>;

/** A shortest path from `start` to `goal`, both included, or null. */
export function findPath(
  successors: Successors,
  start: string,
  goal: string
): readonly string[] | null {
  const cameFrom = new Map<string, string | null>([[start, null]]);
  const queue = [start];
  for (let at = 0; at < queue.length; at += 1) {
    const here = queue[at] as string;
    if (here === goal) return walkBack(cameFrom, here);
    for (const target of successors.get(here) ?? []) {
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, here);
      queue.push(target);
    }
  }
  return null;
}

/** All nodes an edge path leads to from `start`, itself included. */
export function findReachable(successors: Successors, start: string): ReadonlySet<string> {
  const found = new Set([start]);
  // A set grows while it is walked, which makes it the queue as well.
  for (const here of found) {
    for (const target of successors.get(here) ?? []) found.add(target);
  }
  return found;
}

function walkBack(cameFrom: ReadonlyMap<string, string | null>, goal: string): readonly string[] {
  const path: string[] = [];
  for (let here: string | null = goal; here !== null; here = cameFrom.get(here) ?? null) {
    path.push(here);
  }
  return path.reverse();
}
