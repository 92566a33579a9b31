// What this door uses of anywidget's model; written down here, since its types come with Jupyter's.

export interface Comm {
  readonly send: (data: unknown) => unknown;
  readonly close: () => unknown;
}

export interface WidgetModel {
  readonly get: (name: string) => unknown;
  readonly send: (content: unknown) => void;
  readonly on: (event: string, callback: (...values: unknown[]) => void) => void;
  readonly off: (event: string, callback: (...values: unknown[]) => void) => void;
  /** Another host than Jupyter's may have none. */
  readonly widget_manager?: unknown;
}

export interface RenderProps {
  readonly model: WidgetModel;
  readonly el: HTMLElement;
}
