// src/widget/index.tsx in, dagy_nb/static/widget.js and widget.css out.
// `--production` drops warnings for developers, prints the sizes and fails above the limit.
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../dagy_nb/static');
const LIMIT = 200_000;
const production = process.argv.includes('--production');

mkdirSync(out, { recursive: true });
await build({
  entryPoints: { widget: join(here, 'src/widget/index.tsx') },
  outdir: out,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  alias: { 'd3-color': join(here, 'no-colours.mjs') },
  minify: true,
  charset: 'utf8',
  legalComments: 'eof',
  // React Flow's and React's own development builds are large and talk to the console.
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning'
});

function measure(name) {
  const bytes = readFileSync(join(out, name));
  return { name, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
}

const sizes = [measure('widget.js'), measure('widget.css')];
const total = sizes.reduce((sum, each) => sum + each.gzip, 0);
if (production) {
  for (const { name, raw, gzip } of sizes) {
    console.log(`${name}: ${(raw / 1000).toFixed(1)} KB raw, ${(gzip / 1000).toFixed(1)} KB gzip`);
  }
  console.log(`together: ${(total / 1000).toFixed(1)} KB gzip, limit ${LIMIT / 1000} KB`);
}
if (total > LIMIT) {
  process.stderr.write(`The bundle has ${total} bytes gzipped, allowed are ${LIMIT}.\n`);
  process.exit(1);
}
