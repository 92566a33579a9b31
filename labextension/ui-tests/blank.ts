// Pictures of nothing yet, from which what is told departs.
import type { NodeForecastPicture, NodeStatus, RunPicture } from '../src/protocol/generated';

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
