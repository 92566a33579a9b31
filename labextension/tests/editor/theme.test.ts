import { afterEach, describe, expect, it } from 'vitest';
import { readTheme } from '../../src/editor/theme';

function clear(): void {
  for (const element of [document.body, document.documentElement]) {
    for (const name of element.getAttributeNames()) element.removeAttribute(name);
  }
}

afterEach(clear);

describe('readTheme', () => {
  it.each([
    ['JupyterLab, light', 'data-jp-theme-light', 'true', 'light'],
    ['JupyterLab, dark', 'data-jp-theme-light', 'false', 'dark'],
    ['VS Code, light', 'data-vscode-theme-kind', 'vscode-light', 'light'],
    ['VS Code, dark', 'data-vscode-theme-kind', 'vscode-dark', 'dark'],
    ['VS Code, high contrast', 'data-vscode-theme-kind', 'vscode-high-contrast', 'dark'],
    [
      'VS Code, high contrast light',
      'data-vscode-theme-kind',
      'vscode-high-contrast-light',
      'light'
    ],
    ['marimo, dark', 'data-theme', 'dark', 'dark'],
    ['a dark class', 'class', 'dark dark-theme', 'dark']
  ])('%s', (_, name, value, theme) => {
    document.body.setAttribute(name, value);

    expect(readTheme(document)).toBe(theme);
  });

  it('Colab, dark', () => {
    document.documentElement.setAttribute('theme', 'dark');

    expect(readTheme(document)).toBe('dark');
  });

  it('follows the notebook, not the machine', () => {
    document.documentElement.setAttribute('theme', 'dark');
    document.body.setAttribute('data-jp-theme-light', 'true');

    expect(readTheme(document)).toBe('light');
  });
});
