// The page of `ask --html`: the answer is marked where the model found it, and text stays text.

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { run } from '../../../harness/ask/command.js';

afterEach(() => {
  vi.restoreAllMocks();
});

async function pageOf(passage: string, ...questions: readonly string[]): Promise<string> {
  const file = join(mkdtempSync(join(tmpdir(), 'loadrig-page-')), 'page.html');
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const asked = questions.flatMap((question) => ['-q', question]);
  expect(await run(['-p', passage, ...asked, '--html', file, '--threads', '1'])).toBe(0);
  return readFileSync(file, 'utf8');
}

test('each answer is marked in its passage, also where its words stand there before', async () => {
  const page = await pageOf(
    'Ada Quill was born in Harbour Town. The lighthouse was built by Ada Quill in 1874.',
    'Who built the lighthouse?',
    'When was the lighthouse built?',
  );
  expect(page).toContain('The lighthouse was built by <mark>Ada Quill</mark> in 1874.');
  expect(page).toContain('by Ada Quill in <mark>1874</mark>.');
  expect(page.match(/<mark>/g)).toHaveLength(2);
  expect(page).toMatch(/<td>\d+\.\d %<\/td><td>Ada Quill<\/td>/);
  expect(page).toMatch(/Tokenize [\d.]+ ms, inference [\d.]+ ms/);
});

test('text of passage and question is never markup', async () => {
  const page = await pageOf('<b>Ada & Co</b> built "it" in <script>1874</script>.', 'Who built <it>?');
  expect(page).toContain('<h2>Who built &lt;it&gt;?</h2>');
  expect(page.replace(/<\/?mark>/g, '')).toContain(
    '&lt;b&gt;Ada &amp; Co&lt;/b&gt; built &quot;it&quot; in &lt;script&gt;1874&lt;/script&gt;.',
  );
  expect(page).not.toMatch(/<script|<b>|<it>/);
});

test('it loads nothing', async () => {
  expect(await pageOf('Ada built it.', 'Who?')).not.toMatch(/https?:|src=|href=|url\(/);
});
