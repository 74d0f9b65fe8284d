import type { CommandResult } from './hub-client.ts';
import { HubProblem } from './hub-problem.ts';

/** HAP's status codes that we answer with (`HAPStatus` of HAP-NodeJS, whose const enum cannot be imported as a type). */
export const HAP_STATUS = {
  SERVICE_COMMUNICATION_FAILURE: -70402,
  RESOURCE_BUSY: -70403,
  RESOURCE_DOES_NOT_EXIST: -70409,
  NOT_ALLOWED_IN_CURRENT_STATE: -70412,
} as const;
export type StatusName = keyof typeof HAP_STATUS;

/** What HomeKit is told of a refusal. A run that is already on its way is none: automations repeat. */
export function statusOfResult(result: CommandResult): StatusName | null {
  if (result.ok) return null;
  return result.error.code === 'unknown-plan' ? 'RESOURCE_DOES_NOT_EXIST' : 'NOT_ALLOWED_IN_CURRENT_STATE';
}

/** What HomeKit is told when the hub gave no answer. */
export function statusOfProblem(error: unknown): StatusName {
  return error instanceof HubProblem && error.kind === 'busy'
    ? 'RESOURCE_BUSY'
    : 'SERVICE_COMMUNICATION_FAILURE';
}
