import { describe, expect, test } from 'vitest';
import {
  HUB_ERRORS,
  isCommandReply,
  isHubError,
  isHubSnapshot,
  isPlanStatus,
  readHubEvent,
} from '../../src/protocol/protocol.ts';
import { planStatus } from './hub-fixtures.ts';

const snapshot = { protocol: 1, hubId: 'hub', plans: [planStatus()] };

describe('a client believes', () => {
  test.each([
    ['snapshot', snapshot],
    ['snapshot', { ...snapshot, plans: [] }],
    ['plan', planStatus()],
    ['removed', { id: 'photos' }],
  ])('an event %s of the protocol', (event, data) => {
    expect(readHubEvent(event, JSON.stringify(data))).toEqual({ event, data });
  });

  test('an event with fields that a later hub has added', () => {
    const later = { ...snapshot, mood: 'good', plans: [{ ...planStatus(), mood: 'good' }] };
    expect(readHubEvent('snapshot', JSON.stringify(later))).toEqual({ event: 'snapshot', data: later });
  });
});

describe('a client does not believe', () => {
  test.each([
    ['an event that it does not know', 'mood', '{"id":"photos"}'],
    ['what is no JSON', 'removed', '{"id":'],
    ['no data', 'removed', ''],
    ['a snapshot of another version', 'snapshot', JSON.stringify({ ...snapshot, protocol: 2 })],
    ['a snapshot without plans', 'snapshot', JSON.stringify({ protocol: 1, hubId: 'hub' })],
    ['a snapshot with half a plan', 'snapshot', JSON.stringify({ ...snapshot, plans: [{ id: 'photos' }] })],
    ['a snapshot without a hub', 'snapshot', JSON.stringify({ ...snapshot, hubId: null })],
    ['a removal of nothing', 'removed', '{}'],
    ['a list', 'removed', '["photos"]'],
    ['null', 'plan', 'null'],
  ])('%s', (_what, event, data) => {
    expect(readHubEvent(event, data)).toBeUndefined();
  });

  test.each(Object.keys(planStatus()))('a plan without %s', (field) => {
    const { [field]: _gone, ...rest } = { ...planStatus() } as Record<string, unknown>;
    expect(isPlanStatus(rest)).toBe(false);
  });

  test.each([
    ['an id that is none', { id: 'Photos of us' }],
    ['an empty id', { id: '' }],
    ['a word that is not known', { state: 'sleeping' }],
    ['a word of every object', { state: 'toString' }],
    ['a text for a flag', { failed: 'no' }],
    ['a number for a time', { dueAt: 0 }],
    ['a day for a time', { dueAt: '2026-05-04' }],
    ['no moment', { dueAt: '2026-99-99T00:00:00Z' }],
    ['half an attempt', { attempt: 0.5 }],
    ['an attempt before the first', { attempt: -1 }],
    ['more than all of it', { progress: 1.01 }],
    ['less than nothing of it', { progress: -0.01 }],
    ['a text for a share', { progress: '0.5' }],
    ['a failure that is no text', { failure: 7 }],
  ])('a plan with %s', (_what, changes) => {
    expect(isPlanStatus({ ...planStatus(), ...changes })).toBe(false);
  });

  test('an answer to a command that it does not know', () => {
    const reply = { id: 'photos', command: 'run', result: 'accepted', message: '' };
    expect(isCommandReply(reply)).toBe(true);
    for (const wrong of [{ id: '' }, { command: 'accept' }, { result: 'done' }, { message: null }])
      expect(isCommandReply({ ...reply, ...wrong })).toBe(false);
  });

  test('an error of a proxy', () => {
    for (const code of Object.keys(HUB_ERRORS))
      expect(isHubError({ error: { code, message: '' } })).toBe(true);
    for (const wrong of ['<html>', null, {}, { error: 'no' }, { error: { code: 'toString', message: '' } }])
      expect(isHubError(wrong)).toBe(false);
  });
});

test('guards refuse what no object is', () => {
  for (const guard of [isPlanStatus, isHubSnapshot, isCommandReply, isHubError])
    for (const value of [undefined, null, 1, 'text', [], [snapshot]]) expect(guard(value)).toBe(false);
});
