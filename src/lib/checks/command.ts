import { commandEnvironment, runUserCommand } from '../user-command.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';

/** EX_TEMPFAIL of sysexits.h: the command says "not now". */
const NOT_NOW = 75;
/** Yes: the command exits 0. No: it says "not now". Any other end is an error and tells nothing. */
export async function checkCommand(command: string, args: readonly string[], look: Look): Promise<Verdict> {
  const end = await runUserCommand({
    command: [command, ...args],
    environment: commandEnvironment(process.env),
    workingFolder: process.cwd(),
    timeoutMs: look.timeoutMs,
    ...(look.signal === undefined ? {} : { signal: look.signal }),
  });
  switch (end.kind) {
    case 'exited': {
      const { exitCode: code, line } = end;
      if (code === 0) return verdict('yes', look, 'command.yes', { command });
      const said = line === '' ? '' : 'said.';
      const [answer, key] = code === NOT_NOW ? (['no', 'not-now'] as const) : (['unknown', 'error'] as const);
      return verdict(answer, look, `command.${said}${key}`, { command, code, line });
    }
    case 'killed': {
      const said = end.line === '' ? '' : 'said.';
      return verdict('unknown', look, `command.${said}killed`, { command, ...end });
    }
    case 'not-started': {
      const key = end.code === 'ENOENT' ? 'absent' : 'not-started';
      return verdict('unknown', look, `command.${key}`, { command, code: end.code });
    }
    case 'hanging':
      return verdict('unknown', look, 'command.hanging', { command });
    case 'aborted':
      return verdict('unknown', look, 'cancelled');
    case 'too-long': {
      const key = end.stopped ? 'timeout' : 'unstoppable';
      return verdict('unknown', look, `command.${key}`, { command, seconds: seconds(look) });
    }
  }
}
