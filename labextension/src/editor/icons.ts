// Names in, strokes out: every symbol of the editor on a grid of 16 by 16.

export const ICONS = {
  // actions
  play: 'M5 3.2v9.6l8-4.8z',
  stop: 'M4.5 4.5h7v7h-7z',
  undo: 'M6 3.5 3 6.5l3 3M3.5 6.5H10a3.25 3.25 0 0 1 0 6.5H7',
  redo: 'm10 3.5 3 3-3 3M12.5 6.5H6A3.25 3.25 0 0 0 6 13h3',
  arrange: 'M2.5 3h4v3.5h-4zM9.5 3h4v3.5h-4zM9.5 9.5h4V13h-4zM6.5 4.75h3M8 4.75v6.5h1.5',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.2 3.2',
  panel: 'M2.5 3h11v10h-11zM6.5 3v10',
  close: 'm4 4 8 8M12 4l-8 8',
  trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M6.7 7v4M9.3 7v4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  enlarge: 'M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9',
  shrink: 'M13.5 6.5h-4v-4M9.5 6.5 14 2M2.5 9.5h4v4M6.5 9.5 2 14',
  help: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6.3 6.3a1.75 1.75 0 1 1 2.5 1.6c-.5.3-.8.6-.8 1.1M8 11.3v.2',
  down: 'm4 6.5 4 4 4-4',
  right: 'm6.5 4 4 4-4 4',
  repair:
    'M6 5 4.8 3.8a2.3 2.3 0 0 0-3.2 3.2L4.5 10M10 11l1.2 1.2a2.3 2.3 0 0 0 3.2-3.2L11.5 6M6 8h4',
  unplug:
    'm2.5 13.5 2.5-2.5M5 8.5l2.5 2.5M6.3 6.5 4.5 8.3a2 2 0 0 0 3.2 3.2l1.8-1.8M9.7 9.5l1.8-1.8a2 2 0 0 0-3.2-3.2L6.5 6.3M11 5l2.5-2.5',
  // states and findings
  check: 'm3 8.5 3.3 3.3L13 4.8',
  question: 'M5.5 5.8a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2.9-1.2 1.7M8 12.3v.2',
  cross: 'm4 4 8 8M12 4l-8 8',
  bang: 'M8 3v6M8 12v.3',
  note: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 7.3v3.7M8 4.8v.2',
  warning: 'M8 2.3 14.3 13.5H1.7zM8 6.5v3.3M8 11.6v.2',
  error: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 5v3.7M8 10.9v.2',
  waiting: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.5',
  running: 'M13.8 8A5.8 5.8 0 1 1 8 2.2',
  retry: 'M13.5 3v3.5H10M13.2 6.5A5.5 5.5 0 1 0 13.5 9',
  timeout: 'M4 2.5h8M4 13.5h8M5 2.5v2.3L8 8l3-3.2V2.5M5 13.5v-2.3L8 8l3 3.2v2.3',
  stopped: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6 6h4v4H6z',
  skip: 'M3 4v8l5-4zM9.5 4v8M12.5 4v8',
  off: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM3.8 3.8l8.4 8.4',
  stale:
    'M2.5 8a5.5 5.5 0 0 1 9.4-3.9L13.5 5.5M13.5 2.5v3h-3M13.5 8a5.5 5.5 0 0 1-9.4 3.9L2.5 10.5M2.5 13.5v-3h3',
  reuse: 'M2.5 3h11v3h-11zM3.5 6v7.5h9V6M6 9.5l1.5 1.5 2.7-2.8',
  plan: 'M6.5 4h7M6.5 8h7M6.5 12h7M2.3 4l.9.9 1.6-1.8M2.3 8l.9.9 1.6-1.8M2.5 12h1.8',
  force: 'M9 1.8 3.8 9H8l-1 5.2L12.2 7H8z',
  // what a node is about
  table: 'M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.5 6.3V13',
  chart: 'M2.5 2.5v11h11M5.5 11V8M8.5 11V5M11.5 11V6.5',
  filter: 'M2.5 3h11L9.3 8.3v4.2l-2.6 1V8.3z',
  join: 'M6 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM10 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z',
  branch: 'M2.5 8h4l4-4h3M6.5 8l4 4h3M11.8 2.3 13.5 4l-1.7 1.7M11.8 10.3l1.7 1.7-1.7 1.7',
  merge: 'M2.5 4h3l4 4h4M2.5 12h3l4-4M11.8 6.3 13.5 8l-1.7 1.7',
  file: 'M4 2h5l3.5 3.5V14H4zM9 2v3.5h3.5',
  code: 'm5.5 4.5-3.5 3.5 3.5 3.5M10.5 4.5 14 8l-3.5 3.5M9 3 7 13',
  map: 'M2 8h3M5 8l3-4.5h1.5M5 8h4.5M5 8l3 4.5h1.5M12 2h2v3h-2zM12 6.5h2v3h-2zM12 11h2v3h-2z',
  shield: 'M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6L10.3 6.6',
  convert: 'M2.5 5.5h10M10 3l2.5 2.5L10 8M13.5 10.5h-10M6 8l-2.5 2.5L6 13',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.5',
  globe: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM2 8h12M8 2c-4 4-4 8 0 12M8 2c4 4 4 8 0 12',
  database:
    'M3 4c0-2.3 10-2.3 10 0v8c0 2.3-10 2.3-10 0zM3 4c0 2.3 10 2.3 10 0M3 8c0 2.3 10 2.3 10 0',
  text: 'M3 3.5h10M8 3.5v9.5M6 13h4',
  number: 'M6.3 2.5 5 13.5M11 2.5 9.7 13.5M2.8 6h10.7M2.5 10h10.7',
  list: 'M6 4h7.5M6 8h7.5M6 12h7.5M2.7 4h.3M2.7 8h.3M2.7 12h.3',
  sum: 'M12.5 4.5v-2h-9L8 8l-4.5 5.5h9v-2',
  split: 'M8 2.5v3.5L3.5 10v3.5M8 6l4.5 4v3.5M2 12l1.5 1.5L5 12M11 12l1.5 1.5L14 12',
  sort: 'M4.5 3v10M2.5 11l2 2 2-2M9 4h4.5M9 8h3.5M9 12h2',
  mail: 'M2 3.5h12v9H2zM2 4l6 5 6-5',
  key: 'M5 8a2.7 2.7 0 1 0 0 5.4A2.7 2.7 0 0 0 5 8ZM7 8.8l5.5-5.5M10.5 5.3l2 2',
  image: 'M2.5 3h11v10h-11zM2.5 11l3.5-3.5 3 3 2-2 2.5 2.5M10.5 5.7h.2',
  flask: 'M6.3 2.5v4L2.8 13h10.4L9.7 6.5v-4M5.3 2.5h5.4M4.7 9.5h6.6',
  calendar: 'M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3',
  function: 'M11.5 3.2C9.5 2.3 8.7 3.3 8.3 5L7 11c-.4 1.7-1.2 2.5-3 1.8M5.5 7h5',
  box: 'M8 2 13.5 5v6L8 14l-5.5-3V5zM2.5 5 8 8l5.5-3M8 8v6',
  lock: 'M4 7.5h8V13H4zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2',
  graph: 'M2.5 6h3.5v4H2.5zM10 2.5h3.5v4H10zM10 9.5h3.5v4H10zM6 8h2M10 4.5H8v7h2'
} as const;

export type IconName = keyof typeof ICONS;

const FILLED: ReadonlySet<string> = new Set(['play', 'stop', 'skip']);

export function isFilled(name: IconName): boolean {
  return FILLED.has(name);
}

export function isIconName(name: string): name is IconName {
  return Object.hasOwn(ICONS, name);
}
