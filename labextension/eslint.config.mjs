import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const REACT = ['react', 'react/*', 'react-dom', 'react-dom/*', '@xyflow/*', 'zustand', 'zustand/*'];
const JUPYTER = ['@jupyterlab/*', '@lumino/*', '@jupyter/*', '@jupyter-widgets/*'];
const ANYWIDGET = ['@anywidget/*', 'anywidget'];

const rooms = ['protocol', 'graph', 'transport', 'editor', 'widget', 'lab'];

// A room imports only from rooms before it; the two doors do not know each other.
function zones() {
  return rooms.map((room, index) => ({
    target: `./src/${room}`,
    from: rooms
      .filter((other, at) => at > index || (room === 'lab' && other === 'widget'))
      .concat(room === 'transport' ? ['graph'] : [])
      .map(other => `./src/${other}`)
  }));
}

function forbid(folder, patterns) {
  return {
    files: [`src/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: patterns }] }] }
  };
}

export default tseslint.config(
  { ignores: ['node_modules', 'lib', 'coverage'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createTypeScriptImportResolver()]
    },
    rules: {
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: zones() }],
      'max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }]
    }
  },
  {
    files: ['src/editor/**/*.tsx', 'src/widget/**/*.tsx', 'src/lab/**/*.tsx'],
    ...jsxA11y.flatConfigs.recommended
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: reactHooks.configs.recommended.rules
  },
  { files: ['src/protocol/generated.ts'], rules: { 'max-lines': 'off' } },
  { files: ['tests/**'], rules: { 'max-lines': ['error', 400] } },
  {
    files: ['*.mjs', 'ui-tests/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } }
  },
  forbid('protocol', [...REACT, ...JUPYTER, ...ANYWIDGET]),
  forbid('graph', [...REACT, ...JUPYTER, ...ANYWIDGET]),
  forbid('transport', [...REACT, ...JUPYTER, ...ANYWIDGET]),
  forbid('editor', [...JUPYTER, ...ANYWIDGET]),
  forbid('widget', ['@jupyterlab/*', '@lumino/*', '@xyflow/*', 'zustand', 'zustand/*']),
  forbid('lab', [...ANYWIDGET])
);
