import { hiddenLines } from './hidden-lines.ts';
import { textsOf } from './red.ts';
import { getJson } from './server.ts';

const text = textsOf('restic-repository');

function names(lines: string): string[] {
  return lines.split('\n').flatMap((line) => /^\s*([A-Za-z_]\w*)=/.exec(line)?.[1] ?? []);
}

/** What is wrong with a `NAME=value` list; never quotes a value. */
function complaint(lines: string): string {
  const bad = lines
    .split('\n')
    .findIndex((line) => line.trim() !== '' && !/^\s*(export\s+)?[A-Za-z_]\w*=/.test(line));
  return bad < 0 ? '' : text('error.environment', { line: bad + 1 });
}

/** The repository's list of variables. */
export function environmentField(nodeId: string): void {
  hiddenLines({
    input: '#node-config-input-environment',
    stored: '#restic-repository-environment-stored',
    problem: '#restic-repository-environment-problem',
    complaint,
    names,
    askNames: () =>
      getJson<{ names: string[] }>(`lastgood/repositories/${nodeId}/environment`).then(
        (answer) => answer.names,
        () => [text('stored')],
      ),
    replaceText: text('button.replaceEnvironment'),
    keepText: text('button.keepEnvironment'),
  });
}
