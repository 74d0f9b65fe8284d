import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventStreamReader, type StreamMessage } from '../../src/event-stream.ts';

function readAll(pieces: readonly string[]): StreamMessage[] {
  const reader = new EventStreamReader();
  return pieces.flatMap((piece) => reader.read(piece));
}

const STREAM =
  ':heartbeat\n\nevent: plan\ndata: {"name":"照片"}\n\ndata:one\r\ndata: two\r\n\r\nid: 7\nretry: 10\n\nevent: removed\rdata: x\r\r\n';
const MESSAGES = [
  { event: 'plan', data: '{"name":"照片"}' },
  { event: 'message', data: 'one\ntwo' },
  { event: 'removed', data: 'x' },
];

test('reads names, data of several lines and every kind of line end; skips comments and what it does not know', () => {
  expect(readAll([STREAM])).toEqual(MESSAGES);
});

test('gives the same messages wherever the pieces end', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 30 }), (cuts) => {
      const ends = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length];
      const pieces = ends.slice(1).map((end, index) => STREAM.slice(ends[index], end));
      expect(readAll(pieces)).toEqual(MESSAGES);
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('gives a message only when it is complete', () => {
  const reader = new EventStreamReader();
  expect(reader.read('data: x\n')).toEqual([]);
  expect(reader.read('\n')).toEqual([{ event: 'message', data: 'x' }]);
});

test('refuses a message without end instead of filling the memory', () => {
  const reader = new EventStreamReader();
  const endless = (): void => {
    for (let piece = 0; piece < 10; piece += 1) reader.read(`data: ${'x'.repeat(1_000_000)}\n`);
  };
  expect(endless).toThrow('too large');
  const oneLine = (): void => {
    const other = new EventStreamReader();
    for (let piece = 0; piece < 10; piece += 1) other.read('x'.repeat(1_000_000));
  };
  expect(oneLine).toThrow('too large');
});
