/// <reference types="jquery" />
import type { PlanDefinition } from '../nodes/backup-plan/definition.ts';
import { durationField } from './duration-field.ts';
import type { EditedNode } from './red.ts';

/** What is stored for a plug that only measures when nobody changed it. */
export const WATTS: Pick<PlanDefinition, 'wattsOn' | 'wattsOnFor' | 'wattsOff' | 'wattsOffFor'> = {
  wattsOn: 3,
  wattsOnFor: '5s',
  wattsOff: 1,
  wattsOffFor: '30s',
};

/** The fields of the "Device" tab, and those of a plug that only measures. */
export function deviceFields(plan: EditedNode<PlanDefinition>): void {
  durationField('#node-input-wattsOnFor', { unit: 's', placeholder: '5' });
  durationField('#node-input-wattsOffFor', { unit: 's', placeholder: '30' });
  durationField('#node-input-powerUpWithin', { unit: 'm', placeholder: '3' });
  durationField('#node-input-powerOffAfter', { unit: 's', placeholder: '10' });
  $('#node-input-wattsOn').on('input', () => $('#node-input-wattsOff').trigger('change'));
  const names = ['wattsOn', 'wattsOnFor', 'wattsOff', 'wattsOffFor'] as const;
  // What somebody has changed is not hidden from them.
  const isChanged = names.some((name) => String(plan[name]) !== String(WATTS[name]));
  $('#backup-plan-watts').prop('open', isChanged);
}
