// ui-tests/harness.ts in, a page to drive out: `node ui-tests/build.mjs FOLDER`.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [folder] = process.argv.slice(2);
if (!folder) {
  process.stderr.write('Name a folder: node ui-tests/build.mjs FOLDER\n');
  process.exit(2);
}

mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [join(here, 'harness.ts')],
  outfile: join(folder, 'harness.js'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  // The bundle under test is the one that the package ships.
  external: ['./widget.js'],
  logLevel: 'warning'
});
copyFileSync(join(here, 'harness.html'), join(folder, 'index.html'));
for (const name of ['widget.js', 'widget.css']) {
  copyFileSync(join(here, '../../dagy_nb/static', name), join(folder, name));
}
