// A bounded look at one output in, a small table or a line out.
import type { PreviewPicture } from '../protocol/generated';
import { Icon } from './Icon';
import { colourOf } from './words';

const ROWS = 20;
const COLUMNS = 30;

interface PreviewProps {
  readonly name: string;
  readonly preview: PreviewPicture;
}

export function PreviewTable({ name, preview }: PreviewProps) {
  return (
    <section className="dagy-preview" aria-label={`Output ${name}`}>
      <div className="dagy-preview-head">
        <b>{name}</b>
        <span className="dagy-type-chip" style={{ '--dagy-type': colourOf(preview.type) }}>
          {preview.type}
        </span>
        {preview.shape.length > 0 ? <span>{preview.shape.map(sayCount).join(' × ')}</span> : null}
      </div>
      {preview.hidden ? (
        <p className="dagy-calm">
          <Icon name="lock" size={12} /> secret: its value is not shown
        </p>
      ) : (
        <Content preview={preview} name={name} />
      )}
    </section>
  );
}

function Content({ preview, name }: PreviewProps) {
  if (preview.rows.length === 0) return <pre className="nowheel">{preview.summary}</pre>;
  return (
    <>
      {/* A region that scrolls must take the focus, so that arrow keys can scroll it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="dagy-table nowheel" role="region" tabIndex={0} aria-label={`Rows of ${name}`}>
        <table>
          {preview.columns.length > 0 ? (
            <thead>
              <tr>
                {preview.columns.slice(0, COLUMNS).map(([column, type], index) => (
                  <th key={index} scope="col" title={type}>
                    {column}
                    <small>{type}</small>
                  </th>
                ))}
              </tr>
            </thead>
          ) : null}
          <tbody>
            {preview.rows.slice(0, ROWS).map((row, index) => (
              <tr key={index}>
                {row.slice(0, COLUMNS).map((cell, at) => (
                  <td key={at}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {preview.summary ? <p className="dagy-about">{preview.summary}</p> : null}
    </>
  );
}

function sayCount(count: number): string {
  return count.toLocaleString('en-US');
}
