// The door for anywidget: a model and an element in, an editor in the element out.
import { createRoot } from 'react-dom/client';
import '../../style/index.css';
import { FlowEditor } from '../editor/FlowEditor';
import { openModel } from './modelTransport';
import type { RenderProps } from './model';

function render({ model, el }: RenderProps): () => void {
  const { transport, close } = openModel(model);
  const root = createRoot(el);
  root.render(<FlowEditor transport={transport} />);
  return () => {
    root.unmount();
    close();
  };
}

export default { render };
