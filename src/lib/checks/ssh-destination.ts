/** Where ssh would connect to for a name. */
export interface SshDestination {
  readonly host: string;
  readonly port: number;
  /** Through another machine or a command: whether `host` answers here says nothing. */
  readonly indirect: boolean;
}

/** ssh_config(5) may run commands of the user's own to evaluate a `Match exec`. */
const TIMEOUT_MS = 5000;

/**
 * Asks ssh, without connecting, what its configuration makes of a host name; the name itself and port 22 where there
 * is no ssh to ask.
 */
export async function sshDestination(host: string, port: number | undefined): Promise<SshDestination> {
  const { execa } = await import('execa');
  const given = port === undefined ? [] : ['-p', String(port)];
  const asked = await execa('ssh', ['-G', ...given, '--', host], {
    stdin: 'ignore',
    stderr: 'ignore',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    reject: false,
  });
  const settings = new Map(
    asked.stdout.split('\n').map((line) => {
      const at = line.indexOf(' ');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
  return {
    host: settings.get('hostname') ?? host,
    port: Number(settings.get('port') ?? port ?? 22),
    indirect: ['proxyjump', 'proxycommand'].some((name) => (settings.get(name) ?? 'none') !== 'none'),
  };
}
