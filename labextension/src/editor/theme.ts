// The page's own marks in, light or dark out: the theme of the notebook, not of the machine.
import { useEffect, useState } from 'react';

export type Theme = 'light' | 'dark';

const DARK = '(prefers-color-scheme: dark)';
const MARKS = ['data-jp-theme-light', 'data-vscode-theme-kind', 'class', 'theme', 'data-theme'];

/** JupyterLab, VS Code, Colab and marimo each say it in their own way; else the machine decides. */
export function readTheme(page: Document): Theme {
  const { body, documentElement: root } = page;
  const lab = body.dataset.jpThemeLight;
  if (lab !== undefined) return lab === 'false' ? 'dark' : 'light';
  const code = body.dataset.vscodeThemeKind ?? '';
  if (code) return code.includes('light') ? 'light' : 'dark';
  const said = root.getAttribute('theme') ?? root.dataset.theme ?? body.dataset.theme ?? '';
  if (said === 'dark' || said === 'light') return said;
  if (root.classList.contains('dark') || body.classList.contains('dark')) return 'dark';
  return page.defaultView?.matchMedia(DARK).matches ? 'dark' : 'light';
}

export function useTheme(): Theme {
  const [theme, setTheme] = useState<Theme>(() => readTheme(document));
  useEffect(() => {
    const follow = (): void => setTheme(readTheme(document));
    const observer = new MutationObserver(follow);
    for (const element of [document.body, document.documentElement]) {
      observer.observe(element, { attributes: true, attributeFilter: MARKS });
    }
    const machine = window.matchMedia(DARK);
    machine.addEventListener('change', follow);
    follow();
    return () => {
      observer.disconnect();
      machine.removeEventListener('change', follow);
    };
  }, []);
  return theme;
}
