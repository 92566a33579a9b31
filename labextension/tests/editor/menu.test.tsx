// @vitest-environment happy-dom
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { card, giveSizes, last, open } from './page';

beforeEach(giveSizes);
afterEach(cleanup);

describe('the menu of a node', () => {
  it('opens where the pointer is, takes the focus and closes with Escape', () => {
    open();

    fireEvent.contextMenu(card('late'));

    const menu = screen.getByRole('menu', { name: 'Actions for late' });
    expect(menu.contains(document.activeElement)).toBe(true);
    fireEvent.keyDown(menu, { key: 'Escape' });
    expect(screen.queryByRole('menu')).toBeNull();
  });

  it.each([
    ['Disable', { kind: 'set_options', id: 'late', disabled: true }],
    ['Duplicate', { kind: 'batch', label: 'duplicate late' }],
    ['Delete', { kind: 'remove_node', id: 'late' }]
  ])('does %s', (word, edit) => {
    const { far } = open();
    fireEvent.contextMenu(card('late'));

    fireEvent.click(screen.getByRole('menuitem', { name: word }));

    expect(last(far)).toMatchObject({ edits: [edit] });
    expect(screen.queryByRole('menu')).toBeNull();
  });
});
