import type { HubCommand } from '../../protocol/protocol.ts';
import { translate } from '../language.ts';
import { obey } from '../plan/commands.ts';
import type { PlanRecord } from '../plan/record.ts';

/** What became of a command from outside. */
export interface CommandAnswer {
  /** `already`: it was so before, and nothing changed. `refused`: not now. */
  readonly result: 'accepted' | 'already' | 'refused';
  /** One sentence for people. */
  readonly message: string;
}

/**
 * Carries out a command of a house's automation. Those repeat themselves, and a command may have been sent when
 * somebody else had done what it asks for: what is so already is no refusal.
 *
 * @param pauseMs how long a pause lasts; undefined: the default
 */
export function obeyFromHub(record: PlanRecord, command: HubCommand, pauseMs?: number): CommandAnswer {
  const before = isSoAlready(record, command);
  const { accepted, sentence } = obey(record, command, pauseMs === undefined ? {} : { pauseMs });
  if (accepted) return { result: 'accepted', message: sentence };
  if (!before) return { result: 'refused', message: sentence };
  return {
    result: 'already',
    message: translate(record.sentences.language, `plan-status:already.${command}`),
  };
}

function isSoAlready({ isOpen, isTrying, state }: PlanRecord, command: HubCommand): boolean {
  if (!isOpen) return false;
  switch (command) {
    case 'run':
      return isTrying;
    case 'cancel':
      return state.run === null;
    case 'resume':
      return state.paused === null;
    case 'pause':
      return false;
  }
}
