// Pictures of nothing yet, from which what is told departs.
import type {
  FlowPicture,
  NodeForecastPicture,
  NodeStatus,
  RoutePicture,
  RunPicture
} from '../src/protocol/generated';

export const NEVER_RAN: NodeForecastPicture = {
  action: 'run',
  why: 'never_ran',
  detail: '',
  from_run: '',
  seconds: null
};

export const NO_STATUS: NodeStatus = {
  state: 'PENDING',
  reason: '',
  runner: '',
  attempts: 0,
  retry_at: null,
  why: '',
  why_detail: '',
  reused_from: '',
  started_at: null,
  ended_at: null,
  fraction: 0,
  message: '',
  error_code: '',
  error: '',
  traceback: '',
  suggestion: '',
  enforcement: '',
  cause: [],
  previews: {},
  log_tail: []
};

export const NO_RUN: RunPicture = {
  run_id: 'run-1',
  state: 'RUNNING',
  backend: 'kernel',
  backend_reason: '',
  resumed_from: '',
  started_at: null,
  ended_at: null,
  now: 0,
  error: '',
  nodes: {}
};

/** Where a run goes as long as nobody but the flow may say. */
export function routeOf({ revision, backend }: FlowPicture): RoutePicture {
  return {
    revision,
    backend: backend ?? 'kernel',
    level: backend === null ? 'default' : 'flow',
    reason: backend === null ? 'Nothing else names one.' : 'The flow asks for it.',
    problem: backend === 'dask' ? 'The backend dask cannot be used here.' : '',
    suggestion: backend === 'dask' ? 'Install it.' : '',
    levels: [
      { level: 'flow', backend: backend ?? '', words: 'the flow’s own' },
      { level: 'rules', backend: '', words: 'no rule matched' },
      { level: 'default', backend: 'kernel', words: 'default' }
    ],
    backends: [
      { name: 'kernel', missing: '' },
      { name: 'dask', missing: 'Install it.' }
    ]
  };
}
