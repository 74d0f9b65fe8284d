// Stands in for restic and fails on demand: `faulty-restic.mjs FOLDER ARGUMENTS...`. FOLDER/script.json names the fault,
// the command that it strikes and the real restic, which does everything else. Each fault that is done is written down
// in FOLDER/hits, right before it does harm.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NOWHERE = 'ab'.repeat(32);
const [folder, ...args] = process.argv.slice(2);

const write = (stream, text) => new Promise((written) => stream.write(text, () => written()));
const line = (json) => write(process.stdout, `${JSON.stringify(json)}\n`);
const grumble = (text) => write(process.stderr, `${text}\n`);
const status = (more = {}) =>
  line({
    message_type: 'status',
    percent_done: 0.5,
    total_files: 4,
    files_done: 2,
    total_bytes: 100,
    ...more,
  });
const summary = (more = {}) => line({ message_type: 'summary', total_files_processed: 3, ...more });
const end = (code) => process.exit(code);
/** Stays for ever, whatever the streams do. */
const stay = () => setInterval(() => undefined, 60_000);

/** The real restic does what was asked; its output is passed on unless told otherwise. */
function real(stdout = 'inherit') {
  const { status: code, stdout: text } = spawnSync(script.restic, args, {
    stdio: ['ignore', stdout, 'inherit'],
    maxBuffer: 2 ** 26,
    encoding: 'utf8',
  });
  return { code: code ?? 1, text: text ?? '' };
}

async function exitWith(code, ...words) {
  await status();
  for (const text of words) await grumble(text);
  end(code);
}

/** Dies as if by the system's hand: without a handler of ours, or of Node's. */
function dieBy(signal) {
  const nothing = () => undefined;
  // Node ignores SIGPIPE until somebody listened to it and stopped.
  if (signal !== 'SIGKILL') process.on(signal, nothing).off(signal, nothing);
  process.kill(process.pid, signal);
  stay();
}

async function thenGood(mischief) {
  await mischief();
  const { code } = real();
  end(code);
}

const RETRY =
  'Save(<data/ab12cd34>) returned error, retrying after 1.2s: open /x: resource temporarily unavailable';

/** Every fault there is, by its name; each ends the process or leaves it standing. */
const FAULTS = {
  'exit 0 and nothing said': () => end(0),
  'exit 1': () => exitWith(1),
  'exit 2 with a Go panic': () =>
    exitWith(2, 'panic: runtime error: index out of range [3]', 'goroutine 1 [running]:', 'main.main()'),
  'exit 3 without a snapshot': () => exitWith(3),
  'exit 3 with a snapshot': async () => {
    real();
    await line({ message_type: 'noise' });
    await grumble(
      JSON.stringify({
        message_type: 'error',
        error: { message: 'open /x: permission denied' },
        during: 'archival',
        item: '/x',
      }),
    );
    end(3);
  },
  'exit 10': () => exitWith(10),
  'exit 11': () => exitWith(11),
  'exit 12': () => exitWith(12),
  'exit 130': () => exitWith(130),
  'exit 77, which no restic has': () => exitWith(77),

  'dies by SIGTERM': () => dieBy('SIGTERM'),
  'dies by SIGKILL': () => dieBy('SIGKILL'),
  'dies by SIGPIPE': () => dieBy('SIGPIPE'),
  'dies by SIGHUP': () => dieBy('SIGHUP'),
  'dies by SIGABRT': () => dieBy('SIGABRT'),
  'dies by SIGSEGV': () => dieBy('SIGSEGV'),
  'dies by SIGKILL after the snapshot was saved': () => {
    real('pipe');
    dieBy('SIGKILL');
  },

  'half a JSON line': async () => {
    await write(process.stdout, `{"message_type":"summary","snapshot_id":"${NOWHERE.slice(0, 20)}`);
    end(0);
  },
  'half a JSON line in the middle': () =>
    thenGood(() => write(process.stdout, '{"message_type":"status","perc\n')),
  'a line of 10 MB': () =>
    thenGood(() => write(process.stdout, `{"message_type":"${'x'.repeat(10_000_000)}"}\n`)),
  'a line of 10 MB on stderr': async () => {
    await write(process.stderr, `${'Fatal: '.repeat(1_500_000)}\n`);
    end(1);
  },
  '50 MB on stderr': async () => {
    const block = `${'a warning that comes again and again '.repeat(27)}\n`.repeat(1000);
    for (let megabyte = 0; megabyte < 50; megabyte += 1) await write(process.stderr, block);
    end(1);
  },
  '50 MB on stdout, then a good backup': () =>
    thenGood(async () => {
      const block = `${JSON.stringify({ message_type: 'verbose_status', item: '/x'.repeat(400) })}\n`.repeat(
        1200,
      );
      for (let megabyte = 0; megabyte < 50; megabyte += 1) await write(process.stdout, block);
    }),
  'binary garbage on both streams': async () => {
    const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) % 256));
    await write(process.stdout, bytes);
    await write(process.stderr, bytes);
    end(0);
  },
  'invalid UTF-8 in a message': () =>
    thenGood(async () => {
      const broken = Buffer.from([0x2f, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
      await write(
        process.stdout,
        Buffer.concat([
          Buffer.from('{"message_type":"status","current_files":["'),
          broken,
          Buffer.from('"]}\n'),
        ]),
      );
      await write(process.stderr, Buffer.concat([broken, Buffer.from('\n')]));
    }),
  'JSON that is nested 100,000 deep': () =>
    thenGood(() => write(process.stdout, `{"message_type":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`)),
  'keys that reach for prototypes': async () => {
    await write(
      process.stdout,
      `{"message_type":"status","__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}\n`,
    );
    await write(
      process.stdout,
      `{"message_type":"summary","__proto__":{"snapshot_id":"${NOWHERE}","polluted":"yes"}}\n`,
    );
    await write(
      process.stderr,
      `{"message_type":"error","error":{"__proto__":{"message":"x"}},"during":"archival","item":"__proto__"}\n`,
    );
    end(0);
  },
  'numbers that are none': () =>
    thenGood(async () => {
      await status({ percent_done: 'NaN', files_done: -5, bytes_done: null, seconds_remaining: {} });
      await write(
        process.stdout,
        '{"message_type":"status","percent_done":1e999,"total_bytes":-1e308,"bytes_done":1e308}\n',
      );
      await status({ percent_done: 27, seconds_remaining: 1e15 });
    }),
  'fields of the wrong kind': async () => {
    await line({ message_type: ['summary'] });
    await grumble(JSON.stringify({ message_type: 'exit_error', code: 'x', message: { a: 1 } }));
    await grumble(JSON.stringify({ message_type: 'error', during: 'archival', item: 5, error: 'no' }));
    await summary({ snapshot_id: { id: NOWHERE }, total_files_processed: 'many' });
    end(0);
  },
  'output after the summary': async () => {
    const { code } = real();
    await status({ percent_done: 0.1 });
    await line({ message_type: 'afterthought', snapshot_id: NOWHERE });
    await write(process.stdout, 'good bye\n{"message_type":"summ');
    end(code);
  },
  'a second summary that names another snapshot': async () => {
    const { code } = real();
    await summary({ snapshot_id: NOWHERE });
    end(code);
  },

  'a summary without a snapshot': async () => {
    await summary();
    end(0);
  },
  'a snapshot that is nowhere': async () => {
    await summary({ snapshot_id: NOWHERE });
    end(0);
  },
  'a snapshot id of 8 digits that is nowhere': async () => {
    await summary({ snapshot_id: NOWHERE.slice(0, 8) });
    end(0);
  },
  'a path in the place of a snapshot id': async () => {
    await summary({ snapshot_id: `../${'/'.repeat(55)}config` });
    end(0);
  },
  'an empty text in the place of a snapshot id': async () => {
    await summary({ snapshot_id: '' });
    end(0);
  },
  'the success of a repository that went away': async () => {
    await summary({ snapshot_id: NOWHERE });
    await grumble(
      'error while unlocking: Remove(<lock/ab12cd34>) failed: remove /x/locks/ab12: no such file or directory',
    );
    end(0);
  },
  'a snapshot that is removed before anybody looks': async () => {
    const { code, text } = real('pipe');
    const id = /"snapshot_id":"([0-9a-f]+)"/.exec(text)?.[1] ?? '';
    spawnSync(script.restic, ['forget', id], { stdio: 'ignore' });
    await write(process.stdout, text);
    end(code);
  },
  'retries of a drive that is well, then the end': async () => {
    await grumble('Save(<data/ab12>) returned error, retrying after 1s: write /x: input/output error');
    await grumble('Fatal: unable to save snapshot: write /x: input/output error');
    end(1);
  },
  'retries, then a good backup': () => thenGood(() => grumble(RETRY)),
  'goes into the background and keeps the pipes': async () => {
    const { code } = real();
    const sleeper = spawn('sleep', ['600'], { stdio: 'inherit', detached: true });
    sleeper.unref();
    writeFileSync(join(folder, 'daemon'), String(sleeper.pid));
    end(code);
  },
  'closes its streams and ends well': async () => {
    await status();
    process.stdout.destroy();
    process.stderr.destroy();
    setTimeout(() => end(0), 200);
  },

  'forget fails': () => exitWith(1, 'Fatal: unable to remove snapshot'),
  'forget dies': () => dieBy('SIGKILL'),
  'forget prints garbage': async () => {
    await write(process.stdout, '[{"remove":5},null,{"remove":[null]}]');
    end(0);
  },
  'the tag cannot be set': () => exitWith(1, 'Fatal: unable to create lock in backend'),
  'the list of snapshots is garbage': async () => {
    await write(process.stdout, '[null,{"id":5},{"id":"x","time":"never","tags":7}]');
    end(0);
  },
  'the list of snapshots is endless': async () => {
    const block = ' '.repeat(2 ** 20);
    for (let megabyte = 0; megabyte < 80; megabyte += 1) await write(process.stdout, block);
    end(0);
  },

  'ignores SIGINT': () => {
    process.on('SIGINT', () => note('got SIGINT'));
    stay();
  },
  silence: stay,
  'silence after the summary': async () => {
    real();
    stay();
  },
  'stops itself': () => {
    process.kill(process.pid, 'SIGSTOP');
    stay();
  },
  'closes its streams and stays': () => {
    process.stdout.destroy();
    process.stderr.destroy();
    stay();
  },
  'status lines that stand still, and retries': async () => {
    const say = async () => {
      await status({ bytes_done: 50 });
      await grumble(RETRY);
    };
    await say();
    setInterval(() => void say(), 20);
  },
};

function note(what) {
  appendFileSync(join(folder, 'hits'), `${what}\n`);
}

const script = JSON.parse(readFileSync(join(folder, 'script.json'), 'utf8'));
if (args[0] === '--list') {
  process.stdout.write(JSON.stringify(Object.keys(FAULTS)));
} else if (args[0] !== script.command) {
  end(real().code);
} else {
  note(script.fault);
  await FAULTS[script.fault]();
}
