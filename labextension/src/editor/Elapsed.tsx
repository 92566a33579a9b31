// A span of time in, its length out, counting while it lasts.
import { useEffect, useState } from 'react';
import { secondsOf, wordDuration } from '../graph/status';
import { useEditor } from './context';

interface ElapsedProps {
  readonly span: { readonly started_at: number | null; readonly ended_at: number | null };
  readonly ticking: boolean;
}

/** Milliseconds between two looks at the clock: as often as the words for it change. */
function tickOf(seconds: number): number {
  return seconds < 60 ? 200 : 1000;
}

export function Elapsed({ span, ticking }: ElapsedProps) {
  const connected = useEditor(state => state.connected);
  const offset = useEditor(state => state.graph.clockOffset);
  const slow = tickOf(secondsOf(span, Date.now(), offset) ?? 0);
  const now = useNow(ticking && connected ? slow : 0);
  const seconds = secondsOf(span, now, offset);
  return seconds === null || (!ticking && span.ended_at === null) ? null : (
    <>{wordDuration(seconds)}</>
  );
}

/** The browser's clock; it stands still at 0, while nobody looks at a running thing. */
export function useNow(tick: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (tick === 0) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), tick);
    return () => clearInterval(timer);
  }, [tick]);
  return now;
}
