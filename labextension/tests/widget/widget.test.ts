import { act } from '@testing-library/react';
import { beforeAll, describe, expect, it } from 'vitest';
import widget from '../../src/widget/index';
import type { WidgetModel } from '../../src/widget/model';
import { run, snapshot } from '../examples';

type Callback = (...values: unknown[]) => void;

class Model implements WidgetModel {
  readonly sent: unknown[] = [];
  readonly controls: unknown[] = [];
  readonly callbacks = new Map<string, Set<Callback>>();
  open = 0;
  widget_manager: unknown = {
    _create_comm: (target: string) => {
      this.open += target === 'dagy.control' ? 1 : 0;
      return Promise.resolve({
        send: (data: unknown) => this.controls.push(data),
        close: () => (this.open -= 1)
      });
    }
  };

  get(name: string): unknown {
    return name === 'snapshot' ? snapshot({ run: run() }) : undefined;
  }

  send(content: unknown): void {
    this.sent.push(content);
  }

  on(event: string, callback: Callback): void {
    this.callbacks.set(event, (this.callbacks.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: Callback): void {
    this.callbacks.get(event)?.delete(callback);
  }

  trigger(event: string, ...values: unknown[]): void {
    this.callbacks.get(event)?.forEach(callback => callback(...values));
  }

  count(): number {
    return [...this.callbacks.values()].reduce((sum, each) => sum + each.size, 0);
  }
}

beforeAll(() => {
  (globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;
});

async function show(model: Model): Promise<{ el: HTMLElement; close: () => Promise<void> }> {
  const el = document.createElement('div');
  document.body.append(el);
  let unmount = (): void => {};
  await act(async () => {
    unmount = widget.render({ model, el });
    await Promise.resolve();
  });
  return {
    el,
    close: () =>
      act(async () => {
        unmount();
        await Promise.resolve();
      })
  };
}

function cancelButton(el: HTMLElement): HTMLElement {
  const found = el.querySelector<HTMLElement>('[title="Cancel the run"]');
  if (!found) throw new Error('no Cancel');
  return found;
}

describe('the widget', () => {
  it('draws the snapshot of its model and says hello', async () => {
    const model = new Model();
    const { el, close } = await show(model);

    expect(el.querySelector('.react-flow__node[data-id="late"]')).toBeTruthy();
    expect(model.sent).toMatchObject([{ kind: 'hello' }]);
    await close();
  });

  it('cancels by the control comm and by a message', async () => {
    const model = new Model();
    const { el, close } = await show(model);

    await act(async () => {
      cancelButton(el).click();
      await Promise.resolve();
    });

    expect(model.controls).toEqual([{ cancel: 'r1', node_id: '' }]);
    expect(model.sent.at(-1)).toMatchObject({ kind: 'cancel', run_id: 'r1', node_id: '' });
    await close();
  });

  it.each([
    ['there is no widget manager', undefined],
    ['it has no such method', {}],
    ['it fails', { _create_comm: () => Promise.reject(new Error('no kernel')) }],
    [
      'it throws',
      {
        _create_comm: () => {
          throw new Error('no kernel');
        }
      }
    ],
    ['it gives something else', { _create_comm: () => Promise.resolve(null) }]
  ])('cancels by a message alone where %s', async (_, manager) => {
    const model = new Model();
    model.widget_manager = manager;
    const { el, close } = await show(model);

    await act(async () => {
      cancelButton(el).click();
      await Promise.resolve();
    });

    expect(model.sent.at(-1)).toMatchObject({ kind: 'cancel', run_id: 'r1' });
    await close();
  });

  it('leaves nothing behind', async () => {
    const model = new Model();
    const { el, close } = await show(model);
    expect(model.open).toBe(1);

    await close();

    expect(model.count()).toBe(0);
    expect(model.open).toBe(0);
    expect(el.childElementCount).toBe(0);
  });

  it('knows that its kernel is gone, and when it answers again', async () => {
    const model = new Model();
    const { el, close } = await show(model);

    await act(async () => model.trigger('comm:close'));
    expect(el.querySelector('[role="alert"]')?.textContent).toContain('not connected');

    await act(async () => model.trigger('msg:custom', snapshot()));
    expect(el.querySelector('[role="alert"]')).toBeNull();
    await close();
  });

  it('keeps two editors in one page apart', async () => {
    const [first, second] = [new Model(), new Model()];
    const one = await show(first);
    const two = await show(second);

    await act(async () => first.trigger('msg:custom', snapshot({ run: null })));

    expect(one.el.querySelector('[title="Cancel the run"]')).toBeNull();
    expect(cancelButton(two.el)).toBeTruthy();
    await one.close();
    expect(two.el.querySelector('.react-flow__node')).toBeTruthy();
    await two.close();
  });
});
