// A model in, a comm of our own out: the way for Cancel while the kernel runs a cell.
//
// The kernel handles a comm that the browser opened on a subshell, also on ipykernel 7.4 and with
// the main thread busy. The widget manager's method for it is protected, so all of it is guarded:
// without it the widget's own messages remain.
import type { Comm, WidgetModel } from './model';

export const CONTROL_TARGET = 'dagy.control';

export interface Control {
  /** Send on the comm; does nothing where there is none. */
  readonly send: (data: unknown) => void;
  readonly close: () => void;
}

export function openControl(model: WidgetModel): Control {
  const opening = openComm(model);
  return {
    send: data => {
      void opening.then(comm => comm?.send(data)).catch(ignore);
    },
    close: () => {
      void opening.then(comm => comm?.close()).catch(ignore);
    }
  };
}

async function openComm(model: WidgetModel): Promise<Comm | null> {
  const maker = model.widget_manager;
  if (!canMakeComms(maker)) return null;
  try {
    const id = `dagy-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    const comm: unknown = await maker._create_comm(CONTROL_TARGET, id, {});
    return isComm(comm) ? comm : null;
  } catch {
    return null;
  }
}

interface CommMaker {
  readonly _create_comm: (target: string, id: string, data: unknown) => unknown;
}

function canMakeComms(maker: unknown): maker is CommMaker {
  return has(maker, '_create_comm');
}

function isComm(comm: unknown): comm is Comm {
  return has(comm, 'send') && has(comm, 'close');
}

function has(value: unknown, method: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly [name: string]: unknown })[method] === 'function'
  );
}

function ignore(): void {
  // A dead comm means a dead kernel, and that is told elsewhere.
}
