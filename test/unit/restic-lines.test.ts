import { expect, test } from 'vitest';
import { LineSplitter, LONGEST_LINE, readJsonLine, unglue } from '../../src/lib/restic/process/lines.ts';

function split(chunks: readonly (Uint8Array | string)[], longest?: number): { line: string; cut: boolean }[] {
  const lines: { line: string; cut: boolean }[] = [];
  const splitter = new LineSplitter((line, cut) => lines.push({ line, cut }), longest);
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}
const texts = (chunks: readonly (Uint8Array | string)[]): string[] => split(chunks).map(({ line }) => line);

test('lines end at LF, CR and CRLF; empty ones and terminal sequences are left out', () => {
  expect(texts(['a\nb\r\nc\rd\n\n', '\u001B[2Ksignal interrupt received\r\u001B[2K\n', 'rest'])).toEqual([
    'a',
    'b',
    'c',
    'd',
    'signal interrupt received',
    'rest',
  ]);
});

test('a chunk may end inside a character, a sequence or a line break', () => {
  const bytes = Buffer.from('ünï 备份\r\n\u001B[2Kend\n');
  expect(texts([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['ünï 备份', 'end']);
});

test('a line beyond the bound is cut and said to be; the next one is whole', () => {
  expect(split(['12345', '67890', '12\nab\n'], 8)).toEqual([
    { line: '12345678', cut: true },
    { line: 'ab', cut: false },
  ]);
  const [line] = split(Array.from({ length: 40 }, () => 'x'.repeat(LONGEST_LINE / 4)));
  expect([line?.line.length, line?.cut]).toEqual([LONGEST_LINE, true]);
});

test.each(['', '{', '{"a":1', 'null', '[1]', '"text"', '{"a":1} more', 'text {"a":1}'])(
  '%j is no JSON message',
  (text) => {
    expect(readJsonLine(text)).toBeUndefined();
  },
);

test('messages glued behind a text are taken apart', () => {
  const json = '{"message_type":"exit_error","code":1,"message":"Fatal: x"}';
  expect(unglue(`error while unlocking: gone${json}`)).toEqual(['error while unlocking: gone', json]);
  expect(unglue('error while unlocking: goneFatal: unable to save')).toEqual([
    'error while unlocking: gone',
    'Fatal: unable to save',
  ]);
  expect(unglue('error while unlocking: goneRemove(<lock/ab>) returned error')).toHaveLength(2);
  expect(unglue('Resolving password failed: Fatal: /pw does not exist')).toHaveLength(1);
  expect(unglue(json)).toEqual([json]);
});
