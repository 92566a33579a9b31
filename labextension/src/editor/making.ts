// Ends and names in, edits out; and the two ways in which actions reach the kernel.
import type { Edit, NodeEntry } from '../protocol/generated';
import type { Positions } from '../graph/edit';
import { joinEnds, type End } from '../graph/outline';
import type { Step } from '../graph/state';

/** Carry out what the graph decided: show it, send it, tell it. */
export type Perform = (step: Step) => void;

export type SendEdits = (edits: readonly Edit[], positions?: Positions) => void;

export function addNodeEdit(id: string, type: string): Edit {
  const node: NodeEntry = {
    id,
    type,
    label: '',
    config: {},
    timeout: null,
    runner: null,
    retries: null,
    retry: null,
    trigger: 'all_success',
    memory_mb: null,
    disabled: false,
    extra: {}
  };
  return { kind: 'add_node', node, index: null };
}

export function connectEdit(first: End, second: End): Edit | null {
  const edge = joinEnds(first, second);
  return edge && { kind: 'connect', edge, index: null };
}
