// The store and the actions of the editor a component stands in.
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { Actions } from './actions';
import type { EditorState, EditorStore } from './store';

export interface Editor {
  readonly store: EditorStore;
  readonly actions: Actions;
}

export const EditorContext = createContext<Editor | null>(null);

export function useActions(): Actions {
  return useCurrentEditor().actions;
}

export function useEditor<Value>(select: (state: EditorState) => Value): Value {
  return useStore(useCurrentEditor().store, select);
}

export function useEditorStore(): EditorStore {
  return useCurrentEditor().store;
}

function useCurrentEditor(): Editor {
  const editor = useContext(EditorContext);
  if (!editor) throw new Error('This component stands outside of a FlowEditor.');
  return editor;
}
