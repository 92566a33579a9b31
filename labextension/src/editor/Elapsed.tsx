// A span of time in, its length out, counting while it lasts.
import { useEffect, useState } from 'react';
import { secondsOf, wordDuration } from '../graph/status';
import { useEditor } from './context';

interface ElapsedProps {
  readonly span: { readonly started_at: number | null; readonly ended_at: number | null };
  readonly ticking: boolean;
}

const TICK = 100;

export function Elapsed({ span, ticking }: ElapsedProps) {
  const connected = useEditor(state => state.connected);
  const offset = useEditor(state => state.graph.clockOffset);
  const now = useNow(ticking && connected);
  const seconds = secondsOf(span, now, offset);
  return seconds === null || (!ticking && span.ended_at === null) ? null : (
    <>{wordDuration(seconds)}</>
  );
}

/** The browser's clock, which stands still unless somebody looks at a running thing. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticking) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
