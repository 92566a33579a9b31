// What the user wants of the next run in, the editor's state and questions to the kernel out.
import { canResume } from '../graph/status';
import type { EditorState, EditorStore } from './store';
import type { Planner } from './planner';
import { addToasts } from './toasts';

export interface PlanActions {
  readonly toggleReuse: () => void;
  readonly togglePlan: () => void;
  readonly askAgain: () => void;
  /** Have a node run in the next run, or no more. */
  readonly toggleForce: (node: string) => void;
  /** Put a text where the user can paste it. */
  readonly copy: (text: string) => void;
}

export function makePlanActions(store: EditorStore, planner: Planner): PlanActions {
  return {
    toggleReuse: () =>
      store.setState(state => ({
        reuse: !state.reuse,
        planShown: !state.reuse && canAsk(state),
        announcement: state.reuse ? 'Reuse is off.' : 'Reuse is on.'
      })),
    togglePlan: () => {
      const shown = !store.getState().planShown && canAsk(store.getState());
      store.setState({ planShown: shown });
      if (shown) planner.askAgain();
    },
    askAgain: planner.askAgain,
    toggleForce: node =>
      store.setState(state => {
        const force = new Set(state.force);
        const forced = !force.delete(node);
        if (forced) force.add(node);
        // To force a node says something only where others are reused, or a run is gone on with.
        const isEnough = !forced || canResume(state.graph.run);
        return isEnough ? { force } : { force, reuse: true, planShown: true };
      }),
    copy: text => void copy(store, text)
  };
}

/** Whether there is a flow to plan, and somebody who can. */
function canAsk({ connected, graph }: EditorState): boolean {
  return connected && graph.flow.nodes.length > 0;
}

async function copy(store: EditorStore, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    addToasts(store, [{ tone: 'note', code: 'copied', message: 'Copied.', suggestion: PASTE }]);
  } catch {
    // A page that is not served safely has no clipboard; the text itself can be marked.
    addToasts(store, [
      { tone: 'note', code: 'copied', message: 'Copy this line:', suggestion: `\`${text}\`` }
    ]);
  }
}

const PASTE = 'Paste it into a cell and run it.';
