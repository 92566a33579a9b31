// A snapshot in, something that answers as the kernel does out: for pages without a kernel.
import { diff } from './diff';
import { NEVER_RAN, NO_RUN, NO_STATUS, routeOf } from './blank';
import { connectionsOf, judgeAll } from './judging';
import { applyEdits, type Positions } from '../src/graph/edit';
import { indexPalette } from '../src/graph/palette';
import { placeNodes } from '../src/graph/patch';
import type {
  Edit,
  FlowPicture,
  ForecastPicture,
  Looked,
  NodeForecastPicture,
  NodePicture,
  NodeStatus,
  PlanRequested,
  Reply,
  Request,
  RunPicture,
  Snapshot
} from '../src/protocol/generated';

export type Say = (reply: Reply) => void;

interface Change {
  readonly before: FlowPicture;
  readonly label: string;
}

export class FakeKernel {
  readonly heard: Request[] = [];
  flow: FlowPicture;
  run: RunPicture | null;
  /** What a run would do with nodes, where it is not to run them. */
  forecasts: { readonly [id: string]: NodeForecastPicture } = {};
  /** What is said to have run inside any node. */
  inside: Pick<Looked, 'run' | 'total'> = { run: null, total: 0 };
  /** Requests wait while the kernel is busy. */
  busy = false;
  private readonly waiting: Request[] = [];
  private readonly past: Change[] = [];
  private readonly future: Change[] = [];

  constructor(
    private readonly snapshot: Snapshot,
    private readonly say: Say
  ) {
    this.flow = judgeAll(snapshot.flow);
    this.run = snapshot.run;
  }

  hear(request: Request): void {
    this.heard.push(request);
    if (this.busy) this.waiting.push(request);
    else this.answer(request);
  }

  awake(): void {
    this.busy = false;
    for (const request of this.waiting.splice(0)) this.answer(request);
  }

  /** Another view, or Python code, changed the flow. */
  change(edits: readonly Edit[], positions: Positions = {}): void {
    this.edit('', edits, positions);
  }

  /** Facts of a run, as they come. */
  tell(state: string, nodes: { readonly [id: string]: Partial<NodeStatus> }): void {
    const now = Date.now() / 1000;
    const before: RunPicture = this.run ?? { ...NO_RUN, started_at: now };
    const told = Object.entries(nodes).map(([id, news]) => [
      id,
      { ...NO_STATUS, ...before.nodes[id], ...news }
    ]);
    const ended_at = state === 'RUNNING' ? null : now;
    const changed = Object.fromEntries(told) as RunPicture['nodes'];
    this.run = { ...before, state, now, ended_at, nodes: { ...before.nodes, ...changed } };
    this.say({
      kind: 'status',
      whole: false,
      reply_to: '',
      run: { ...this.run, nodes: changed }
    });
  }

  private answer(request: Request): void {
    switch (request.kind) {
      case 'hello':
        this.sayAll(request.id);
        break;
      case 'edit':
        if (request.base_revision === this.flow.revision) {
          this.edit(request.id, request.edits, request.positions);
        } else {
          this.refuse(request.id, 'message.stale', 'The flow changed meanwhile.', '');
          this.sayAll(request.id);
        }
        break;
      case 'undo':
        this.step(request.id, this.past, this.future);
        break;
      case 'redo':
        this.step(request.id, this.future, this.past);
        break;
      case 'move':
        this.move(request.id, request.positions);
        break;
      case 'arrange':
        this.move(request.id, layOut(this.flow.nodes));
        break;
      case 'run':
        this.start(request.id);
        break;
      case 'plan':
        this.plan(request);
        break;
      case 'route':
        this.say({ kind: 'routed', reply_to: request.id, route: routeOf(this.flow) });
        break;
      case 'inside':
        this.say({ kind: 'looked', reply_to: request.id, ...this.inside });
        break;
      case 'resume':
        this.start(request.id);
        break;
      case 'cancel':
        this.tell('CANCELLED', {});
        break;
    }
  }

  private sayAll(replyTo: string): void {
    const { flow, run } = this;
    this.say({ ...this.snapshot, flow, run, reply_to: replyTo });
  }

  private edit(id: string, edits: readonly Edit[], positions: Positions): void {
    const palette = indexPalette(this.snapshot.palette);
    for (const verdict of connectionsOf(this.flow, palette, edits)) {
      if (verdict.verdict !== 'no') continue;
      this.refuse(id, verdict.code, verdict.reason, verdict.suggestion);
      return;
    }
    const after = applyEdits(this.flow, edits, palette, positions);
    if (!after) {
      this.refuse(id, 'edit.invalid', 'The edit does not fit the flow.', 'Try again.');
      return;
    }
    this.past.push({ before: this.flow, label: labelOf(edits) });
    this.future.length = 0;
    this.become(id, after);
  }

  private step(id: string, from: Change[], to: Change[]): void {
    const change = from.pop();
    if (!change) {
      this.refuse(id, 'draft.empty', 'There is nothing to undo.', '');
      return;
    }
    to.push({ before: this.flow, label: change.label });
    this.become(id, change.before);
  }

  private become(id: string, next: FlowPicture): void {
    const { flow: before } = this;
    const undo = this.past.at(-1)?.label ?? '';
    const redo = this.future.at(-1)?.label ?? '';
    this.flow = judgeAll({ ...next, revision: before.revision + 1, undo, redo });
    this.say(diff(before, this.flow, id));
  }

  private move(id: string, positions: Positions): void {
    this.flow = placeNodes(this.flow, positions);
    this.say({ kind: 'moved', positions, origin: id });
  }

  private start(id: string): void {
    const now = Date.now() / 1000;
    const pending = this.flow.nodes.map(node => [node.id, NO_STATUS] as const);
    this.run = {
      ...NO_RUN,
      run_id: `run-${id}`,
      started_at: now,
      now,
      nodes: Object.fromEntries(pending)
    };
    this.say({ kind: 'status', whole: true, reply_to: id, run: this.run });
  }

  /** Everything runs, but what the page said would not. */
  private plan({ id, force }: PlanRequested): void {
    const nodes = this.flow.nodes.map(node => [node.id, this.forecasts[node.id] ?? NEVER_RAN]);
    this.say({
      kind: 'planned',
      reply_to: id,
      forecast: {
        revision: this.flow.revision,
        nodes: Object.fromEntries(nodes) as ForecastPicture['nodes'],
        force
      }
    });
  }

  private refuse(id: string, code: string, message: string, suggestion: string): void {
    const { revision } = this.flow;
    this.say({
      kind: 'refused',
      reply_to: id,
      code,
      message,
      suggestion,
      revision,
      diagnostics: []
    });
  }
}

function labelOf(edits: readonly Edit[]): string {
  const [first] = edits;
  if (first?.kind === 'batch') return first.label;
  if (first?.kind === 'add_node') return `add ${first.node.id}`;
  return (first?.kind ?? '').replaceAll('_', ' ');
}

function layOut(nodes: readonly NodePicture[]): Positions {
  const columns = Math.ceil(Math.sqrt(nodes.length));
  return Object.fromEntries(
    nodes.map((node, at) => [
      node.id,
      { x: (at % columns) * 300, y: Math.floor(at / columns) * 200 }
    ])
  );
}
