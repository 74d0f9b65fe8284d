import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { skip } from './drive-fixtures.ts';

/** A folder at which the kernel mounts on first use. */
export interface Automount {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * What `automount` or systemd do (Linux, Documentation/filesystems/autofs.rst): a process mounts autofs with a pipe, is
 * told of each first use by a packet of protocol 5, and answers by ioctl. Perl, because Node has neither real pipes nor
 * ioctl. Its own process group may look without triggering.
 */
const DAEMON = `
use Fcntl; my ($dir, $serve) = @ARGV; $| = 1; setpgrp;
pipe(my $packets, my $kernel); fcntl($kernel, F_SETFD, 0);
my $options = 'fd=' . fileno($kernel) . ',pgrp=' . getpgrp . ',minproto=5,maxproto=5,direct';
system('mount', '-t', 'autofs', '-o', $options, 'test', $dir) == 0 or exit 1;
close $kernel; sysopen(my $trigger, $dir, O_RDONLY) or exit 1; print "armed\\n";
while (sysread($packets, my $packet, 304)) {
  my (undef, $type, $token) = unpack('iiI', $packet);
  next if $serve eq 'silent';
  my $there = $serve eq 'drive' && system('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', $dir) == 0;
  ioctl($trigger, $there ? 0x9360 : 0x9361, $token);
}`;

/**
 * Sets up an automount at a new folder under `parent`: of a `drive` that comes up, of `nothing`, or one that does not
 * answer (`silent`). Skips the test where that is not permitted.
 */
export async function automount(
  parent: string,
  context: TestContext,
  serve: 'drive' | 'nothing' | 'silent',
): Promise<Automount> {
  const path = join(parent, 'auto');
  mkdirSync(path);
  const daemon: ChildProcess = spawn('perl', ['-e', DAEMON, path, serve], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const armed = await Promise.race([
    once(daemon.stdout ?? daemon, 'data').then(() => true),
    once(daemon, 'exit').then(
      () => false,
      () => false,
    ),
  ]);
  if (!armed) skip(context, 'no Perl or no autofs to be mounted here, so no real automount was tested');
  return {
    path,
    remove: async () => {
      const ended = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await ended;
      // Once for the trigger and once for what came up on it; without its process neither keeps anybody waiting.
      for (let times = 0; times < 2; times++) {
        try {
          execFileSync('umount', ['--lazy', path], { stdio: 'ignore' });
        } catch {
          return;
        }
      }
    },
  };
}
