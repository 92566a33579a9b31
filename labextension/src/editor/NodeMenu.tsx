// A node and a place in, the menu of a right click out.
import { useEffect, useRef } from 'react';
import { cutOut } from '../graph/clipboard';
import { useActions, useEditor, useEditorStore } from './context';
import { Icon } from './Icon';
import type { IconName } from './icons';
import { stepFocus } from './stepFocus';

export function NodeMenu() {
  const menu = useEditor(state => state.menu);
  return menu ? <OpenMenu key={menu.node} {...menu} /> : null;
}

interface MenuProps {
  readonly node: string;
  readonly x: number;
  readonly y: number;
}

interface Item {
  readonly icon: IconName;
  readonly word: string;
  readonly act: () => void;
}

function OpenMenu({ node, x, y }: MenuProps) {
  const list = useRef<HTMLDivElement>(null);
  const actions = useActions();
  const items = useItems(node);
  useEffect(() => list.current?.querySelector('button')?.focus(), []);
  return (
    <div
      ref={list}
      className="dagy-menu dagy-node-menu"
      role="menu"
      tabIndex={-1}
      aria-label={`Actions for ${node}`}
      style={{ left: `min(${x}px, 100% - 206px)`, top: `min(${y}px, 100% - 152px)` }}
      onKeyDown={event => stepFocus(event, list.current)}
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) actions.closeMenu();
      }}
    >
      {items.map(({ icon, word, act }) => (
        <button
          key={word}
          type="button"
          role="menuitem"
          className="dagy-menu-item"
          onClick={() => {
            actions.closeMenu();
            act();
          }}
        >
          <Icon name={icon} size={14} />
          {word}
        </button>
      ))}
    </div>
  );
}

function useItems(id: string): readonly Item[] {
  const store = useEditorStore();
  const actions = useActions();
  const node = useEditor(state => state.outline.nodes.get(id));
  const forced = useEditor(state => state.force.has(id));
  const connected = useEditor(state => state.connected);
  if (!node || !connected) return [];
  const duplicate = (): void => {
    const fragment = cutOut(store.getState().graph.flow, new Set([id]));
    actions.pasteNodes(fragment, `duplicate ${id}`);
  };
  return [
    {
      icon: 'force',
      word: forced ? 'Do not force it' : 'Force in the next run',
      act: () => actions.toggleForce(id)
    },
    {
      icon: 'off',
      word: node.disabled ? 'Enable' : 'Disable',
      act: () => actions.setOptions(node, { disabled: !node.disabled })
    },
    { icon: 'copy', word: 'Duplicate', act: duplicate },
    { icon: 'trash', word: 'Delete', act: () => actions.removeNode(id) }
  ];
}
