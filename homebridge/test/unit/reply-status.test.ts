import { expect, test } from 'vitest';
import { HubProblem } from '../../src/hub-problem.ts';
import { statusOfProblem, statusOfResult } from '../../src/reply-status.ts';

test.each(['accepted', 'already'] as const)('a run that is %s is no error: automations repeat', (result) => {
  const reply = { id: 'photos', command: 'run', result, message: '' } as const;
  expect(statusOfResult({ ok: true, reply })).toBeNull();
});

test.each([
  ['not-now', 'NOT_ALLOWED_IN_CURRENT_STATE'],
  ['unknown-plan', 'RESOURCE_DOES_NOT_EXIST'],
] as const)('%s is %s', (code, status) => {
  expect(statusOfResult({ ok: false, error: { code, message: '' } })).toBe(status);
});

test('no answer is no communication, and a busy hub is busy', () => {
  expect(statusOfProblem(new HubProblem('unreachable', ''))).toBe('SERVICE_COMMUNICATION_FAILURE');
  expect(statusOfProblem(new HubProblem('wrong-token', ''))).toBe('SERVICE_COMMUNICATION_FAILURE');
  expect(statusOfProblem(new Error('a mistake'))).toBe('SERVICE_COMMUNICATION_FAILURE');
  expect(statusOfProblem(new HubProblem('busy', ''))).toBe('RESOURCE_BUSY');
});
