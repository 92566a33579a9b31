// A palette picture in, look-ups of node types, verdicts and rules out.
import type {
  ConnectorPicture,
  PalettePicture,
  TypePicture,
  VerdictPicture
} from '../protocol/generated';

export interface Palette {
  readonly picture: PalettePicture;
  readonly types: ReadonlyMap<string, TypePicture>;
}

export const EMPTY_PALETTE: PalettePicture = { revision: 0, types: [], table: {}, rules: {} };

export function indexPalette(picture: PalettePicture): Palette {
  return { picture, types: new Map(picture.types.map(type => [type.type, type])) };
}

/** The kernel's verdict for two connectors; null where its table does not know one of them. */
export function compareTypes(
  palette: Palette,
  output: ConnectorPicture,
  input: ConnectorPicture
): VerdictPicture | null {
  const row = palette.picture.table[output.type_key];
  return row?.[input.type_key] ?? null;
}

/** The category of the nodes that steer a flow, which are there without anybody's doing. */
export const CONTROL = 'Control';

/** Whether there is a node type that somebody made for the work itself. */
export function hasOwnTypes(palette: Palette): boolean {
  return palette.picture.types.some(type => type.category !== CONTROL);
}

/** The types whose text holds every word of the query, in the palette's order. */
export function searchTypes(palette: Palette, query: string): readonly TypePicture[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return palette.picture.types;
  return palette.picture.types.filter(type => words.every(word => textOf(type).includes(word)));
}

function textOf(type: TypePicture): string {
  return type.search || `${type.type} ${type.label} ${type.category}`.toLowerCase();
}

export interface Category {
  readonly name: string;
  readonly types: readonly TypePicture[];
}

export function groupTypes(types: readonly TypePicture[]): readonly Category[] {
  const groups = new Map<string, TypePicture[]>();
  for (const type of types) {
    const name = type.category || 'General';
    groups.set(name, [...(groups.get(name) ?? []), type]);
  }
  return [...groups].map(([name, members]) => ({ name, types: members }));
}
